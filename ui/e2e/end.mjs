// Collections, and what must hold at the end.
import assert from "node:assert/strict";
import { documents, focused } from "./actions.mjs";

export const steps = {
  async "a collection is made, chosen, and kept in the address"({ page }) {
    await page.getByRole("button", { name: "New collection" }).click();
    await page.keyboard.press("Escape");
    await focused(page, "New collection");
    await page.keyboard.press("Enter");
    await page.keyboard.type("default"); // the field has the focus
    await page.keyboard.press("Enter");
    await page.locator(".field-error:not(:empty)").waitFor();
    await page.getByLabel("Name of the new collection").fill(`vs_${"0123456789abcdef".repeat(2)}`);
    await page.keyboard.press("Enter");
    await page.waitForURL(/collection=vs_/);
    const side = await page.getByRole("complementary", { name: "Library" }).boundingBox();
    const add = await page.getByRole("button", { name: "New collection" }).boundingBox();
    assert.ok(add.x + add.width < side.x + side.width, "a long name leaves room for the button");
    await page.getByRole("button", { name: "New collection" }).click();
    await page.getByLabel("Name of the new collection").fill("orchard");
    await page.keyboard.press("Enter");
    await page.waitForURL(/collection=orchard/);
    await page.getByText("Add a document first").waitFor();
    await page.getByLabel("Collection", { exact: true }).selectOption("default");
    await documents(page).getByText("Bees of the valley").waitFor();
  },

  async "a deleted document is gone, after asking"({ page }) {
    const row = documents(page).filter({ hasText: "Bees of the valley" });
    await row.hover();
    await row.getByRole("button", { name: "Delete Bees of the valley" }).click();
    await page.keyboard.press("Enter"); // Keep has the focus
    await row.getByRole("button", { name: "Delete Bees of the valley" }).click();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await row.waitFor({ state: "detached" });
    await page.reload();
    await documents(page).getByText("Field Handbook").waitFor();
    assert.equal(await row.count(), 0);
  },

  async "nothing breaks the content security policy, and nothing fails unseen"({ complaints }) {
    assert.deepEqual(complaints, []);
  },
};
