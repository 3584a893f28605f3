// What a person does on the page, and what the steps of the journey share.
import { refusal } from "./canned.mjs";

export const [url, bees, handbook, broken, pictures, look] = process.argv.slice(2);
export const ASK = "**/api/v1/ask";
export const SCHEDULES = "**/api/v1/schedules";
export const PERMIT = "**/api/v1/runs/r/permission";
export const BEES = { question: "How many kinds of bees live in the valley?", quote: "The valley is home to four kinds of bees." };
export const HANDBOOK = { question: "How long are readings kept in the archive?", quote: "in the archive for seven years" };

export const squeezed = (text) => text.replace(/\s+/g, " ").trim();
export const lastTurn = (page) => page.locator(".turn").last();
export const documents = (page) => page.getByRole("list", { name: "Documents" }).getByRole("listitem");

/** Wait until the focus is on what has this name, or these words. */
export function focused(page, name) {
  return page.waitForFunction((name) => {
    const { activeElement: element } = document;
    return element !== document.body && (element.ariaLabel ?? element.textContent).trim().startsWith(name);
  }, name);
}

export async function ask(page, question) {
  await page.getByLabel("Your question").fill(question);
  await page.keyboard.press("Enter");
}

export async function answered(page, state = "answered") {
  await page.locator(`.turn:last-child.${state}`).waitFor();
  return squeezed(await lastTurn(page).locator(".answer-text").first().innerText());
}

/** Let the handbook's answer be withheld: what it would cite is what comes closest. */
export async function refuseHandbook(page, server) {
  const answer = await (await page.request.post(`${server}/api/v1/ask`, { data: { question: HANDBOOK.question } })).json();
  await reply(page, refusal(["preserved"], answer.citations.at(-1)), "How long are readings preserved?");
}

export async function reply(page, canned, question = "What do oaks do?") {
  await page.route(ASK, (route) => route.fulfill(canned));
  await ask(page, question);
  await page.locator(".turn:last-child:not(.running)").waitFor();
  await page.unroute(ASK);
}

/** Check that the picture of a page is there and the marks on it are in view. */
export async function looksMarked(page) {
  await page.waitForFunction(() => document.querySelector(".sheet img")?.naturalWidth > 0);
  const mark = page.locator(".page-mark").first();
  await mark.waitFor();
  await page.waitForFunction(() => {
    const area = document.querySelector(".page-scroller").getBoundingClientRect();
    const box = document.querySelector(".page-mark").getBoundingClientRect();
    return box.height > 3 && box.top >= area.top && box.bottom <= area.bottom;
  });
}
