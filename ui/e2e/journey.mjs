// A person's way through the page against a running server, in a real browser.
//
//     node ui/e2e/journey.mjs URL BEES HANDBOOK BROKEN [PICTURES]
//
// Three files: a text about bees, examples/handbook.pdf, and one that cannot be read. Pictures go to the folder
// PICTURES. Prints {"steps": [{"name", "error"}]}.
import assert from "node:assert/strict";
import { basename } from "node:path";
import { accessibilityFaults, openPage, overflow, startBrowser } from "./browser.mjs";
import { CUT_OFF, DOUBTFUL, PERMISSION, REFUSAL, UNAVAILABLE } from "./canned.mjs";

const [url, bees, handbook, broken, pictures] = process.argv.slice(2);
const ASK = "**/api/v1/ask";
const PERMIT = "**/api/v1/runs/r/permission";
const BEES = { question: "How many kinds of bees live in the valley?", quote: "The valley is home to four kinds of bees." };
const HANDBOOK = { question: "How long are readings kept in the archive?", quote: "in the archive for seven years" };

const squeezed = (text) => text.replace(/\s+/g, " ").trim();
const lastTurn = (page) => page.locator(".turn").last();
const documents = (page) => page.getByRole("list", { name: "Documents" }).getByRole("listitem");

async function ask(page, question) {
  await page.getByLabel("Your question").fill(question);
  await page.keyboard.press("Enter");
}

async function answered(page, state = "answered") {
  await page.locator(`.turn:last-child.${state}`).waitFor();
  return squeezed(await lastTurn(page).locator(".answer-text").first().innerText());
}

async function reply(page, canned, question = "What do oaks do?") {
  await page.route(ASK, (route) => route.fulfill(canned));
  await ask(page, question);
  await page.locator(".turn:last-child:not(.running)").waitFor();
  await page.unroute(ASK);
}

/** Check that the picture of a page is there and the marks on it are in view. */
async function looksMarked(page) {
  await page.waitForFunction(() => document.querySelector(".sheet img")?.naturalWidth > 0);
  const mark = page.locator(".page-mark").first();
  await mark.waitFor();
  await page.waitForFunction(() => {
    const area = document.querySelector(".page-scroller").getBoundingClientRect();
    const box = document.querySelector(".page-mark").getBoundingClientRect();
    return box.height > 3 && box.top >= area.top && box.bottom <= area.bottom;
  });
}

const steps = {
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
  },

  async "a file that could not be sent can be sent again"({ page }) {
    await page.route("**/documents", (route) => (route.request().method() === "POST" ? route.abort() : route.continue()));
    await page.locator("input[type=file]").first().setInputFiles([bees]);
    await page.locator(".row-error").getByText("Grove does not answer").waitFor();
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

  async "an answer comes with its steps, milliseconds and a citation"({ page }) {
    await page.evaluate(() => {
      globalThis.seen = new Set();
      new MutationObserver(() => {
        for (const step of document.querySelectorAll(".step.running")) globalThis.seen.add(step.textContent.trim());
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await ask(page, BEES.question);
    const text = await answered(page);
    assert.match(text, /^four ?\[1\]/, "the few words that answer come first");
    assert.ok(text.includes(`${BEES.quote}[2]`) || text.includes(`${BEES.quote} [2]`), text);
    assert.match(await lastTurn(page).locator("summary").innerText(), /Search.*\d+ ms.*Cite.*\d+ ms.*in all/s);
    assert.ok((await page.evaluate(() => globalThis.seen.size)) > 0, "steps are shown while they run");
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
    const { history } = (await sent).postDataJSON();
    assert.deepEqual(history.map((message) => message.role), ["user", "assistant"]);
    assert.equal(history[0].content, HANDBOOK.question);
    await page.locator(".turn:last-child:not(.running)").waitFor();
  },

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
    await page.getByText("You stopped this answer").waitFor();
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
    await page.locator(".passage .notice.failure").waitFor();
    assert.equal(await page.locator(".passage mark").innerText(), "Oaks grow slowly.");
    await page.keyboard.press("Escape");
    await reply(page, REFUSAL);
    await lastTurn(page).locator(".notice.refusal").waitFor();
    assert.equal(await lastTurn(page).locator(".term").first().innerText(), "oaks");
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

  async "a collection is made, chosen, and kept in the address"({ page }) {
    await page.getByRole("button", { name: "New collection" }).click();
    await page.keyboard.type("default"); // the field has the focus
    await page.keyboard.press("Enter");
    await page.locator(".field-error:not(:empty)").waitFor();
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

/** Look at the page in one size and colour scheme, in each of its states. */
async function inspect(browser, size, scheme) {
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
  await lastTurn(page).locator(".cite").first().click();
  await looksMarked(page);
  await look("page");
  await page.getByRole("button", { name: "Text", exact: true }).click();
  await page.locator(".passage mark").first().waitFor();
  await look("passage");
  assert.deepEqual([faults, complaints], [{}, []]);
  await page.context().close();
}

for (const size of ["wide", "narrow"]) {
  for (const scheme of ["light", "dark"]) {
    steps[`the page is accessible: ${size}, ${scheme}`] = ({ browser }) => inspect(browser, size, scheme);
  }
}

const browser = await startBrowser();
const results = [];
try {
  const { page, complaints } = await openPage(browser);
  for (const [name, step] of Object.entries(steps)) {
    try {
      await step({ browser, page, complaints });
      assert.equal(await page.evaluate(() => document.querySelector(".page")?.scrollTop ?? 0), 0, "only its parts scroll");
      results.push({ name, error: null });
    } catch (error) {
      results.push({ name, error: error.message });
      if (pictures) await page.screenshot({ path: `${pictures}/failed.png` });
      break; // what follows builds on it
    }
  }
} finally {
  await browser.close();
}
console.log(JSON.stringify({ steps: results }));
