// Keys: the last steps, for with the first key the server is closed to whoever shows none.
import assert from "node:assert/strict";
import { documents, focused, pictures, url } from "./actions.mjs";
import { accessibilityFaults, openPage } from "./browser.mjs";

/** Look at the page with a key that may only read, made with one of an administrator. */
async function offersWhatAKeyMay(browser, secret) {
  const { page } = await openPage(browser);
  const made = await page.request.post(`${url}/api/v1/keys`, {
    headers: { Authorization: `Bearer ${secret}` },
    data: { name: "reader", scopes: ["read"] },
  });
  await page.addInitScript((key) => sessionStorage.setItem("grove.key", key), (await made.json()).secret);
  await page.goto(url);
  await documents(page).first().waitFor();
  await page.getByText("You may read here, but not ask: the right “ask” is missing.").waitFor();
  assert.equal(await page.getByLabel("Your question").count(), 0);
  for (const name of ["Add documents", "New collection", "Rebuild the index", /^Delete /, "Conversations", "Keys", "Settings"]) {
    assert.equal(await page.getByRole("button", { name }).count(), 0, String(name));
  }
  assert.deepEqual(await accessibilityFaults(page), []);
  await page.getByRole("button", { name: "Forget the key of this tab" }).click();
  await page.getByRole("heading", { name: "Who is there?" }).waitFor();
  await page.context().close();
}

export const steps = {
  async "a key is made, asked for, shown and revoked"({ page, browser }) {
    await page.goto(`${url}?view=keys`);
    await page.getByLabel("Name of the new key").fill("the page");
    await page.getByRole("checkbox", { name: "admin", checked: true, disabled: true }).waitFor();
    await page.getByRole("button", { name: "Make a key" }).click();
    await page.locator(".secret").waitFor();
    await page.getByRole("checkbox", { name: "admin", checked: false, disabled: false }).waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    if (pictures) await page.screenshot({ path: `${pictures}/keys.png` });
    const secret = await page.locator(".secret").innerText();
    const { page: stranger } = await openPage(browser);
    await stranger.goto(url);
    await stranger.getByRole("heading", { name: "Who is there?" }).waitFor();
    assert.deepEqual(await accessibilityFaults(stranger), []);
    await stranger.getByLabel("Key").fill("grove_no_key");
    await stranger.keyboard.press("Enter");
    await stranger.getByText("The key is not valid here").waitFor();
    await stranger.getByLabel("Key").fill(secret);
    await stranger.keyboard.press("Enter");
    await documents(stranger).first().waitFor();
    await offersWhatAKeyMay(browser, secret);
    await page.getByRole("button", { name: "Revoke the page" }).click();
    await page.keyboard.press("Enter"); // Keep has the focus
    await focused(page, "Revoke the page");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Revoke", exact: true }).click();
    await page.getByRole("heading", { name: "Who is there?" }).waitFor();
    await stranger.reload();
    await stranger.getByRole("heading", { name: "Who is there?" }).waitFor();
    await stranger.context().close();
  },
};
