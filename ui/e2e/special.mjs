// What happens seldom: stopping, failing, doubt, permissions.
import assert from "node:assert/strict";
import { ASK, BEES, HANDBOOK, PERMIT, answered, ask, lastTurn, looksMarked, refuseHandbook, reply, squeezed, url } from "./actions.mjs";
import { CUT_OFF, DOUBTFUL, PERMISSION, REFUSAL, UNAVAILABLE } from "./canned.mjs";

export const steps = {
  async "copying gives the text with its numbers and sources"({ page }) {
    await page.getByRole("button", { name: "Copy" }).first().click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(squeezed(copied), /seven years\. \[2\].*\[2\] .*page 2: “/);
  },

  async "a running answer can be stopped and asked again"({ page }) {
    await page.route(ASK, () => undefined); // never answered
    await ask(page, BEES.question);
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("This answer was stopped").waitFor();
    await page.unroute(ASK);
    await lastTurn(page).getByRole("button", { name: "Ask again" }).click();
    await page.locator(".turn:last-child.running, .turn:last-child.answered").waitFor();
    await page.locator(".turn:last-child:not(.running)").waitFor();
  },

  async "errors are told in words, and the question can be tried again"({ page }) {
    await reply(page, UNAVAILABLE);
    await lastTurn(page).getByText("the model is still loading").waitFor();
    await reply(page, CUT_OFF);
    await lastTurn(page).getByText("The connection ended").waitFor();
    await page.route(ASK, (route) => route.abort());
    await ask(page, BEES.question);
    await lastTurn(page).getByText("Grove does not answer").waitFor();
    await page.unroute(ASK);
    await lastTurn(page).getByRole("button", { name: "Try again" }).click();
    await page.locator(".turn:last-child.running, .turn:last-child.answered").waitFor();
    await page.locator(".turn:last-child:not(.running)").waitFor();
  },

  async "a doubtful sentence is marked, a refusal looks like one, a vanished source still shows its quote"({ page }) {
    await reply(page, DOUBTFUL);
    assert.match(await lastTurn(page).locator("p .unsupported").first().innerText(), /^They sing at night\./);
    assert.equal(squeezed(await lastTurn(page).locator(".answer-text p").first().innerText()).slice(0, 23), "🌳 Oaks grow slowly.[1]".slice(0, 23));
    assert.equal(await lastTurn(page).locator(".answer-text li").count(), 2);
    await lastTurn(page).locator(".cite").click();
    await page.locator(".passage").getByText("This document is no longer in the library.").waitFor();
    assert.equal(await page.locator(".passage").getByRole("button", { name: "Try again" }).count(), 0);
    assert.equal(await page.locator(".passage mark").innerText(), "Oaks grow slowly.");
    await page.keyboard.press("Escape");
    await reply(page, REFUSAL);
    await lastTurn(page).locator(".notice.refusal").waitFor();
    assert.equal(await lastTurn(page).locator(".term").first().innerText(), "oaks");
    assert.equal(await lastTurn(page).locator(".cite, meter").count(), 0, "nothing is cited");
  },

  async "a refusal opens the sentence that comes closest, on its page"({ page }) {
    await refuseHandbook(page, url);
    const closest = lastTurn(page).getByRole("region", { name: "Closest passage" }).getByRole("button");
    assert.ok(squeezed(await closest.innerText()).includes(HANDBOOK.quote));
    await closest.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("complementary", { name: "Passage" }).getByText("Closest passage").waitFor();
    await page.getByRole("img", { name: /^Page 2 of Lindqvist/ }).waitFor();
    await looksMarked(page);
    assert.equal(await closest.getAttribute("aria-pressed"), "true");
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.activeElement?.classList.contains("closest"));
  },

  async "a tool that may change something waits for a person, who is told what it would do"({ page }) {
    await reply(page, PERMISSION, "Cancel order 4711.");
    const group = lastTurn(page).getByRole("group", { name: "Permission" });
    assert.match(squeezed(await group.innerText()), /orders\.cancel, which may change something.*order 4711/i);
    for (const [button, allow] of [["Do not allow", false], ["Allow once", true]]) {
      await reply(page, PERMISSION, "Cancel order 4711.");
      await page.route(PERMIT, (route) => route.fulfill(DOUBTFUL));
      const sent = page.waitForRequest(PERMIT);
      await lastTurn(page).getByRole("button", { name: button }).click();
      assert.equal((await sent).postDataJSON().allow, allow);
      assert.match(await answered(page), /Oaks grow slowly/);
      await page.unroute(PERMIT);
    }
  },

  async "a question that is too long is kept, says so, and is not sent"({ page }) {
    const box = page.getByLabel("Your question");
    const before = await page.locator(".turn").count();
    await ask(page, "bees ".repeat(5000));
    await page.getByText("at most 20,000 characters, this one has 24,999").waitFor();
    assert.equal((await box.inputValue()).length, 25_000);
    assert.equal(await page.locator(".turn").count(), before);
    await page.reload();
    await lastTurn(page).waitFor();
    assert.equal((await box.inputValue()).length, 25_000, "also by a reload");
    await box.fill("");
  },

  async "a question to a conversation that was deleted elsewhere is asked in a new one"({ page }) {
    await page.getByRole("button", { name: "New conversation" }).click();
    await ask(page, BEES.question);
    await answered(page);
    const deleted = new URL(page.url()).searchParams.get("conversation");
    await page.request.delete(`${url}/api/v1/conversations/${deleted}`);
    await ask(page, HANDBOOK.question);
    await lastTurn(page).getByText("This conversation was deleted").waitFor();
    assert.equal(await lastTurn(page).getByRole("button", { name: "Try again" }).count(), 0);
    await lastTurn(page).getByRole("button", { name: "Ask in a new conversation" }).click();
    assert.ok((await answered(page)).includes(HANDBOOK.quote));
    assert.equal(await page.locator(".turn").count(), 1);
    assert.notEqual(new URL(page.url()).searchParams.get("conversation"), deleted);
  },
};
