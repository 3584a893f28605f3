// Taking documents in.
import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { BEES, ask, bees, broken, documents, handbook, url } from "./actions.mjs";

export const steps = {
  async "an empty collection invites to add files, and nothing can be asked"({ page }) {
    await page.goto(url);
    await page.getByRole("heading", { name: "Answers that show their roots" }).waitFor();
    await page.getByText("Add a document first").waitFor();
    await ask(page, BEES.question);
    assert.equal(await page.locator(".turn").count(), 0);
    assert.equal(await page.getByLabel("Your question").inputValue(), BEES.question, "the question is kept");
  },

  async "files are taken in with their progress, and a failure says why"({ page }) {
    await page.evaluate(() => {
      globalThis.seen = new Set();
      new MutationObserver(() => {
        for (const row of document.querySelectorAll("progress + .row-state")) globalThis.seen.add(row.textContent);
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await page.locator("input[type=file]").first().setInputFiles([bees, handbook, broken]);
    await documents(page).getByText("Bees of the valley").waitFor({ timeout: 120_000 });
    await documents(page).getByText("Field Handbook").waitFor({ timeout: 120_000 });
    const failed = page.locator(".row.failed").filter({ hasText: basename(broken) });
    await failed.locator(".row-error").waitFor();
    const seen = await page.evaluate(() => [...globalThis.seen].join("; "));
    assert.match(seen, /Uploading|Waiting/);
    assert.match(seen, /index/i);
    await page.getByRole("button", { name: `Dismiss ${basename(broken)}` }).click();
    await failed.waitFor({ state: "detached" });
    await page.reload();
    await documents(page).getByText("Field Handbook").waitFor();
    assert.equal(await failed.count(), 0, "it stays dismissed");
  },

  async "a file that could not be sent can be sent again"({ page }) {
    await page.route("**/documents", (route) => (route.request().method() === "POST" ? route.abort() : route.continue()));
    await page.locator("input[type=file]").first().setInputFiles([bees]);
    await page.locator(".row-error").getByText("The connection broke off").waitFor();
    await page.unroute("**/documents");
    await page.getByRole("button", { name: `Try ${basename(bees)} again` }).click();
    await page.locator(".row.failed, .row progress").first().waitFor({ state: "detached" });
    await documents(page).getByText("Bees of the valley").waitFor();
  },

  async "files can be dropped anywhere"({ page }) {
    const dataTransfer = await page.evaluateHandle(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(["# Wasps\n\nWasps build their nests of paper."], "wasps.md"));
      return transfer;
    });
    await page.dispatchEvent("main", "dragover", { dataTransfer });
    await page.getByText("Drop to add to").waitFor();
    await page.dispatchEvent("main", "drop", { dataTransfer });
    await page.getByText("Drop to add to").waitFor({ state: "detached" });
    await documents(page).getByText("Wasps").waitFor();
  },

  async "a file that is too large keeps no other out"({ page }) {
    const folder = mkdtempSync(join(tmpdir(), "grove-"));
    const files = ["ants.md", "large.md"].map((name) => join(folder, name));
    for (const file of files) writeFileSync(file, `# ${basename(file)}\n\nAnts carry many times their weight.`);
    let sent = 0; // both, the first alone, the large one alone
    await page.route("**/documents", (route) => {
      if (route.request().method() !== "POST" || ++sent === 2) return route.continue();
      return route.fulfill({ status: 413, json: { detail: "the request is too large" } });
    });
    await page.locator("input[type=file]").first().setInputFiles(files);
    await page.locator(".row.failed").filter({ hasText: "large.md" }).getByText("too large").waitFor();
    await documents(page).getByText("ants.md").waitFor();
    assert.equal(await page.locator(".row.failed").count(), 1);
    await page.unroute("**/documents");
    await page.getByRole("button", { name: "Dismiss large.md" }).click();
  },

  async "a click arrives below a long reason that was gone to"({ page }) {
    await page.route("**/documents", (route) =>
      route.request().method() === "POST" ? route.fulfill({ status: 403, json: { detail: "not with this key ".repeat(50) } }) : route.continue(),
    );
    await page.locator("input[type=file]").first().setInputFiles([bees, handbook]);
    const [above, below] = [bees, handbook].map((file) => page.getByRole("button", { name: `Dismiss ${basename(file)}` }));
    await above.hover();
    await page.mouse.down(); // a click that leaves the row where it is
    await page.mouse.move(0, 0);
    await page.mouse.up();
    await below.click({ delay: 50 });
    await below.waitFor({ state: "detached" });
    await page.unroute("**/documents");
    await above.click();
  },
};
