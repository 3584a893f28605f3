// Signing in with a provider, losing the session while a question is typed, and signing out, in a real browser.
//
//     node ui/e2e/signing-in.mjs URL PICTURES
//
// The server has a document, and a provider that lets everybody in at once. Prints {"faults": [...]}.
import assert from "node:assert/strict";
import { accessibilityFaults, openPage, overflow, startBrowser } from "./browser.mjs";

const [url, pictures] = process.argv.slice(2);
const QUESTION = "How tall is the tower in Paris?";

async function walk(browser, size, scheme) {
  const { page, complaints } = await openPage(browser, { size, scheme, motion: "reduce" });
  const faults = [];
  const look = async (name) => {
    await page.screenshot({ path: `${pictures}/${name}-${size}-${scheme}.png` });
    faults.push(...(await accessibilityFaults(page)).map((fault) => `${name}, ${size}, ${scheme}: ${fault}`));
    assert.equal(await overflow(page), 0);
  };
  const signIn = () => page.getByRole("link", { name: "Sign in with Keycloak" }).click();
  await page.goto(`${url}/?collection=default`);
  await page.getByRole("link", { name: "Sign in with Keycloak" }).waitFor();
  await look("gate");
  await signIn();
  const composer = page.getByLabel("Your question");
  await composer.waitFor();
  assert.equal(new URL(page.url()).origin, url, "one comes back to where one was");
  await page.getByText("Enter asks").waitFor();
  await page.context().clearCookies(); // as if the session were over
  await composer.fill(QUESTION);
  await page.keyboard.press("Enter");
  await signIn();
  await composer.waitFor();
  assert.equal(await composer.inputValue(), QUESTION, "what was typed is still there");
  await page.getByText("Enter asks").waitFor();
  await composer.press("Enter");
  await page.locator(".turn:last-child:not(.running)").waitFor();
  assert.equal(await composer.inputValue(), "", "and goes once it is asked");
  if (size === "narrow") await page.getByRole("button", { name: "Open the library" }).click();
  await page.getByText("Ada Lovelace").waitFor();
  await look("signed-in");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("link", { name: "Sign in with Keycloak" }).waitFor(); // by way of the provider
  assert.deepEqual(await page.context().cookies(), []);
  assert.deepEqual(complaints, []);
  await page.context().close();
  return faults;
}

const browser = await startBrowser();
try {
  const faults = [];
  for (const size of ["wide", "narrow"]) {
    for (const scheme of ["light", "dark"]) faults.push(...(await walk(browser, size, scheme)));
  }
  console.log(JSON.stringify({ faults }));
} finally {
  await browser.close();
}
