// What is kept of what was said, and what can be done with it.
import assert from "node:assert/strict";
import { ASK, BEES, HANDBOOK, answered, ask, focused, lastTurn, looksMarked, squeezed } from "./actions.mjs";
import { openPage } from "./browser.mjs";

export const steps = {
  async "what was said is there again after a reload"({ page }) {
    await page.reload();
    await lastTurn(page).getByRole("heading", { name: "And on the device?" }).waitFor();
    const turn = page.locator(".turn").first();
    assert.ok(squeezed(await turn.locator(".answer-text").innerText()).includes(HANDBOOK.quote));
    await turn.locator(".cite").first().click();
    await looksMarked(page);
    await page.keyboard.press("Escape");
  },

  async "an answer that was cut off goes on where it was"({ page }) {
    await page.route(ASK, async (route) => {
      const whole = await (await route.fetch()).text();
      await route.fulfill({ contentType: "text/event-stream", body: `${whole.split("\r\n\r\n").slice(0, 3).join("\r\n\r\n")}\r\n\r\n` });
    });
    const rest = page.waitForRequest((request) => /\/events\?after=\d+$/.test(request.url()));
    await ask(page, HANDBOOK.question);
    await rest; // until then the turn before, with the same sentence, is the last one
    assert.ok((await answered(page)).includes(HANDBOOK.quote));
    await page.unroute(ASK);
  },

  async "an answer of which nothing had come yet is followed from its start after a reload"({ page }) {
    const conversation = /\/api\/v1\/conversations\/[^/?]+$/;
    await page.route(conversation, async (route) => {
      const stored = await (await route.fetch()).json();
      const last = stored.turns.at(-1);
      last.run.state = "running";
      last.events = [];
      await route.fulfill({ json: stored });
    });
    const events = page.waitForRequest(/\/events\?after=0$/);
    await page.reload();
    await events;
    assert.ok((await answered(page)).includes(HANDBOOK.quote));
    await page.unroute(conversation);
  },

  async "a question is asked differently in its place"({ page }) {
    const number = await page.locator(".turn").count();
    await lastTurn(page).getByRole("button", { name: "Edit the question" }).click();
    await page.keyboard.press("Escape");
    await focused(page, "Edit the question");
    await page.keyboard.press("Enter");
    await page.getByLabel("Question", { exact: true }).fill("How many years are readings kept in the archive?");
    await page.keyboard.press("Enter");
    await lastTurn(page).getByRole("heading", { name: "How many years are readings" }).waitFor();
    await focused(page, "Conversation");
    await answered(page);
    assert.equal(await page.locator(".turn").count(), number);
  },

  async "an answer is judged, and the judgement is kept"({ page }) {
    await lastTurn(page).getByRole("button", { name: "Bad answer" }).click();
    await page.getByLabel("What was wrong?").fill("too short");
    await page.keyboard.press("Enter");
    await lastTurn(page).getByText("Thank you.").waitFor();
    await focused(page, "Bad answer");
    await page.reload();
    await lastTurn(page).getByRole("button", { name: "Bad answer", pressed: true }).waitFor();
    const { feedback } = await page.evaluate(async () => (await fetch("/api/v1/feedback")).json());
    assert.deepEqual(feedback.map(({ rating, reason }) => [rating, reason]), [["down", "too short"]]);
  },

  async "a conversation is shared by a link, to be read"({ page, browser }) {
    await page.getByRole("button", { name: "Share" }).click();
    const link = page.getByLabel("Link to this conversation");
    await link.waitFor();
    await page.keyboard.press("Escape");
    await link.waitFor({ state: "detached" });
    await focused(page, "Share");
    await page.keyboard.press("Enter");
    await link.waitFor();
    const { page: reader } = await openPage(browser);
    await reader.goto(await link.inputValue());
    await reader.getByText("This conversation was shared with you").waitFor();
    await reader.getByRole("heading", { name: HANDBOOK.question }).first().waitFor();
    assert.equal(await reader.getByRole("button", { name: "Ask again" }).count(), 0);
    await page.getByRole("button", { name: "Stop sharing" }).click();
    await page.getByRole("group", { name: "Share this conversation" }).waitFor({ state: "detached" });
    await reader.reload();
    await reader.getByText("could not be opened").waitFor();
    await reader.context().close();
  },

  async "conversations are found, renamed and deleted"({ page }) {
    const rows = page.getByRole("list", { name: "Conversations" }).getByRole("listitem");
    await page.getByRole("button", { name: "Conversations", exact: true }).click();
    await rows.filter({ hasText: BEES.question }).waitFor();
    await page.getByLabel("Search conversations").fill("how many years archive");
    await rows.filter({ hasText: BEES.question }).waitFor({ state: "detached" });
    const row = rows.filter({ hasText: HANDBOOK.question });
    await row.hover();
    await row.getByRole("button", { name: /^Rename/ }).click();
    await page.keyboard.press("Escape");
    await focused(page, "Rename ");
    await page.keyboard.press("Enter");
    await page.getByLabel("Title of the conversation").fill("Archive");
    await page.keyboard.press("Enter");
    await rows.filter({ hasText: "Archive" }).waitFor();
    await page.getByLabel("Search conversations").fill("");
    await rows.filter({ hasText: BEES.question }).getByRole("button").first().click();
    await lastTurn(page).getByRole("heading", { name: BEES.question }).waitFor();
    await rows.filter({ hasText: BEES.question }).getByRole("button", { name: /^Delete/ }).click();
    await page.keyboard.press("Enter"); // Keep has the focus
    await focused(page, `Delete ${BEES.question}`);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await rows.filter({ hasText: BEES.question }).waitFor({ state: "detached" });
    await focused(page, "Conversations");
    await page.getByRole("heading", { name: "What would you like to know?" }).waitFor();
    await rows.filter({ hasText: "Archive" }).getByRole("button").first().click();
    await page.locator(".turn").first().waitFor();
    await page.getByRole("button", { name: "Documents", exact: true }).click();
  },
};
