// What the journey needs of a browser: a fresh one, its complaints, and an accessibility check.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export const SIZES = { wide: { width: 1400, height: 900 }, narrow: { width: 320, height: 640 } };

/** Start a browser with a profile of its own. */
export function startBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGS });
}

/** Open a page; what it complains about is collected in `complaints`. */
export async function openPage(browser, { size = "wide", scheme = "light", motion = "no-preference" } = {}) {
  const context = await browser.newContext({
    viewport: SIZES[size],
    colorScheme: scheme,
    reducedMotion: motion,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // The browser itself logs replies that the journey makes fail on purpose.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      complaints.push(message.text());
    }
  });
  return { page, complaints };
}

/** List what axe finds, as "rule: element". */
export async function accessibilityFaults(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(
    (rules) => globalThis.axe.run(document, { runOnly: rules }),
    RULES,
  );
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(" ")}`));
}

/** Give the width by which the page is wider than its window, or what is shown wider than its place. */
export function overflow(page) {
  return page.evaluate(() => {
    const places = [document.documentElement, ...document.querySelectorAll(".scroller")];
    const boxes = Array.from(document.querySelectorAll(".share-box"), (box) => box.getBoundingClientRect());
    return Math.max(...places.map((place) => place.scrollWidth - place.clientWidth), ...boxes.map((box) => Math.max(-box.left, box.right - innerWidth)));
  });
}
