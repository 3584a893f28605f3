// The page in each of its states, in one size and colour scheme: seen by axe, and by people on pictures.
import assert from "node:assert/strict";
import { ASK, HANDBOOK, SCHEDULES, answered, ask, focused, lastTurn, looksMarked, pictures, reply, url } from "./actions.mjs";
import { accessibilityFaults, openPage, overflow } from "./browser.mjs";
import { DOUBTFUL, PERMISSION, REFUSAL, SCHEDULED, UNAVAILABLE } from "./canned.mjs";

/** Look at the page in one size and colour scheme, in each of its states. */
export async function inspect(browser, size, scheme) {
  const { page, complaints } = await openPage(browser, { size, scheme, motion: "reduce" });
  const faults = {};
  const look = async (state) => {
    const found = await accessibilityFaults(page);
    if ((await overflow(page)) > 0) found.push("the page is wider than its window");
    if (found.length > 0) faults[state] = found;
    if (pictures) await page.screenshot({ path: `${pictures}/${state}-${size}-${scheme}.png` });
  };
  await page.goto(`${url}?collection=orchard`);
  await page.getByText("Add a document first").waitFor();
  await look("empty");
  if (size === "narrow") {
    await page.getByRole("button", { name: "Open the library" }).click();
    await page.getByRole("dialog", { name: "Library" }).waitFor();
    await look("library");
    await page.getByRole("button", { name: "Close the library" }).click();
    await focused(page, "Open the library");
  }
  await page.goto(url);
  await page.getByRole("list", { name: "Example questions" }).waitFor();
  await look("ready");
  await page.route(ASK, () => undefined);
  await ask(page, "What do oaks do?");
  await look("running");
  assert.equal(await page.evaluate(() => document.getAnimations().length), 0, "reduced motion");
  await page.getByRole("button", { name: "Stop" }).click();
  await page.unroute(ASK);
  await reply(page, UNAVAILABLE);
  await reply(page, REFUSAL);
  await look("refused");
  await reply(page, DOUBTFUL);
  await look("doubtful");
  await reply(page, PERMISSION);
  await look("permission");
  await page.getByRole("button", { name: "New conversation" }).click();
  await ask(page, HANDBOOK.question);
  await answered(page);
  await page.getByRole("button", { name: "Share" }).click();
  await page.getByLabel("Link to this conversation").waitFor();
  await look("share");
  await page.getByRole("button", { name: "Share" }).click();
  await lastTurn(page).locator(".cite").first().click();
  await looksMarked(page);
  await look("page");
  await page.getByRole("button", { name: "Text", exact: true }).click();
  await page.locator(".passage mark").first().waitFor();
  await look("passage");
  await page.keyboard.press("Escape");
  await page.goto(`${url}?view=search&collection=${"w".repeat(90)}`);
  await page.getByText("wwwww").last().waitFor();
  if ((await overflow(page)) > 0) faults["a long name"] = ["the page is wider than its window"];
  await page.goto(`${url}?view=search`);
  await page.getByLabel("Query").fill("archive");
  await page.keyboard.press("Enter");
  await page.locator(".hit").first().waitFor();
  await look("search");
  await page.goto(`${url}?view=insights`);
  await page.getByRole("heading", { name: "Time to the answer" }).waitFor();
  await look("insights");
  await page.route(SCHEDULES, (route) => route.fulfill(SCHEDULED));
  await page.goto(`${url}?view=schedules&collection=minutes-of-the-general-assembly-and-its-committees-2026`);
  await page.getByRole("list", { name: "Schedules" }).getByText("paused").waitFor();
  await page.getByRole("button", { name: "Remove s3://archive", exact: false }).click();
  await look("schedules");
  await page.unroute(SCHEDULES);
  await page.goto(`${url}?view=settings`);
  await page.getByRole("heading", { name: "Home and database" }).waitFor();
  await look("settings");
  if (size === "narrow") await page.getByRole("button", { name: "Open the library" }).click();
  await page.getByRole("button", { name: "Conversations", exact: true }).click();
  await page.getByRole("list", { name: "Conversations" }).getByRole("listitem").first().waitFor();
  await look("conversations");
  assert.deepEqual([faults, complaints], [{}, []]);
  await page.context().close();
}
