// Questions, answers and where they come from.
import assert from "node:assert/strict";
import { basename } from "node:path";
import { ASK, BEES, HANDBOOK, answered, ask, handbook, lastTurn, looksMarked, pictures, squeezed } from "./actions.mjs";

export const steps = {
  async "an answer comes with its steps, milliseconds and a citation"({ page }) {
    await page.evaluate(() => {
      globalThis.seen = new Set();
      new MutationObserver(() => {
        for (const step of document.querySelectorAll(".step.running")) globalThis.seen.add(step.textContent.trim());
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await page.getByRole("button", { name: "Conversations", exact: true }).click();
    await ask(page, BEES.question);
    const text = await answered(page);
    await page.getByRole("list", { name: "Conversations" }).getByText(BEES.question).waitFor();
    await page.getByRole("button", { name: "Documents", exact: true }).click();
    assert.match(text, /^four ?\[1\]/, "the few words that answer come first");
    assert.ok(text.includes(`${BEES.quote}[2]`) || text.includes(`${BEES.quote} [2]`), text);
    assert.match(await lastTurn(page).locator(".trail-details > summary").innerText(), /Search.*\d+ ms.*Cite.*\d+ ms.*in all/s);
    assert.ok((await page.evaluate(() => globalThis.seen.size)) > 0, "steps are shown while they run");
    await lastTurn(page).locator(".trail-details > summary").click();
    const opened = lastTurn(page).getByRole("list", { name: "Steps" });
    await opened.getByText("Search", { exact: true }).click();
    assert.match(squeezed(await opened.innerText()), /Given searched .*bees\.md/);
    await lastTurn(page).locator(".trail-details > summary").click();
  },

  async "the citation opens the passage, highlighted and in view, and Escape leads back"({ page }) {
    const cite = lastTurn(page).getByRole("button", { name: /^Citation 2: Bees of the valley/ });
    await cite.focus();
    await page.keyboard.press("Enter");
    const panel = page.getByRole("complementary", { name: "Passage" });
    const mark = panel.locator("mark");
    await mark.waitFor();
    assert.equal(squeezed((await mark.allInnerTexts()).join("")), BEES.quote);
    assert.ok(await mark.first().isVisible());
    const box = await mark.first().boundingBox();
    assert.ok(box.y > 0 && box.y + box.height < 900, "the highlight is in view");
    assert.match(squeezed(await panel.locator(".document-text").innerText()), /bumblebees are the largest/);
    assert.ok(await panel.getByRole("heading", { level: 2 }).evaluate((heading) => heading === document.activeElement));
    if (pictures) await page.screenshot({ path: `${pictures}/answered.png` });
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
    await page.waitForFunction(() => document.activeElement?.className === "cite");
  },

  async "a follow-up is sent with the conversation; a citation of a PDF names its page"({ page }) {
    await page.getByRole("button", { name: "New conversation" }).click();
    await ask(page, HANDBOOK.question);
    assert.ok((await answered(page)).includes(HANDBOOK.quote));
    const cited = lastTurn(page).locator(".source").filter({ hasText: HANDBOOK.quote }).first();
    assert.match(await cited.innerText(), /page 2/);
    await cited.click();
    await page.getByRole("img", { name: /^Page 2 of Lindqvist/ }).waitFor();
    await looksMarked(page);
    await page.getByRole("button", { name: "Next page" }).click();
    await page.getByRole("img", { name: /^Page 3 of/ }).waitFor();
    assert.equal(await page.locator(".page-mark").count(), 0);
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download the file" }).click();
    assert.equal((await download).suggestedFilename(), basename(handbook));
    await page.getByRole("button", { name: "Text", exact: true }).click();
    const marks = page.locator(".passage mark");
    await marks.first().waitFor();
    assert.ok(squeezed((await marks.allInnerTexts()).join("")).includes(HANDBOOK.quote));
    await page.getByRole("button", { name: "Close the panel" }).click();
    const sent = page.waitForRequest(ASK);
    await ask(page, "And on the device?");
    const { conversation_id } = (await sent).postDataJSON();
    await page.locator(".turn:last-child:not(.running)").waitFor();
    assert.equal(new URL(page.url()).searchParams.get("conversation"), conversation_id);
  },

  async "Back and Forward lead through conversations and pages"({ page }) {
    const second = page.url();
    await page.getByRole("button", { name: "Insights" }).click();
    await page.getByRole("heading", { name: "Insights" }).waitFor();
    await page.goBack();
    await lastTurn(page).getByRole("heading", { name: "And on the device?" }).waitFor();
    assert.equal(page.url(), second);
    await page.goBack();
    await lastTurn(page).getByRole("heading", { name: BEES.question }).waitFor();
    await page.goForward();
    await lastTurn(page).getByRole("heading", { name: "And on the device?" }).waitFor();
    assert.equal(page.url(), second);
  },
};
