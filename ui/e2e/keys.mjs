// Keys: the last steps, for with the first key the server is closed to whoever shows none.
import assert from "node:assert/strict";
import { documents, pictures, url } from "./actions.mjs";
import { accessibilityFaults, openPage } from "./browser.mjs";

export const steps = {
  async "a key is made, asked for, shown and revoked"({ page, browser }) {
    await page.goto(`${url}?view=keys`);
    await page.getByLabel("Name of the new key").fill("the page");
    await page.getByLabel("admin").check();
    await page.getByRole("button", { name: "Make a key" }).click();
    await page.locator(".secret").waitFor();
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
    await page.getByRole("button", { name: "Revoke the page" }).click();
    await page.getByRole("button", { name: "Revoke", exact: true }).click();
    await page.getByRole("heading", { name: "Who is there?" }).waitFor();
    await stranger.reload();
    await stranger.getByRole("heading", { name: "Who is there?" }).waitFor();
    await stranger.context().close();
  },
};
