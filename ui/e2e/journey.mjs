// A person's way through the page against a running server, in a real browser.
//
//     node ui/e2e/journey.mjs URL BEES HANDBOOK BROKEN [PICTURES [LOOK]]
//
// Three files: a text about bees, examples/handbook.pdf, and one that cannot be read. Pictures go to the folder
// PICTURES. The page is inspected in every size and colour scheme, or only in LOOK, "wide, light" for one.
// Prints {"steps": [{"name", "error"}]}.
import assert from "node:assert/strict";
import { look, pictures } from "./actions.mjs";
import { steps as asking } from "./asking.mjs";
import { openPage, startBrowser } from "./browser.mjs";
import { steps as conversations } from "./conversations.mjs";
import { steps as end } from "./end.mjs";
import { steps as library } from "./library.mjs";
import { steps as keys } from "./keys.mjs";
import { inspect } from "./looks.mjs";
import { steps as pages } from "./pages.mjs";
import { steps as special } from "./special.mjs";

const steps = { ...library, ...asking, ...conversations, ...special, ...pages, ...end };

for (const name of look ? [look] : ["wide, light", "wide, dark", "narrow, light", "narrow, dark"]) {
  steps[`the page is accessible: ${name}`] = ({ browser }) => inspect(browser, ...name.split(", "));
}

Object.assign(steps, keys);

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
