// Pictures of the page in its states, sizes and themes: `npm run pictures -- FOLDER`, with a server's address in GROVE_URL.
//
// The server must have taken in examples/handbook.pdf. Without a server of your own:
//
//     rag serve --home /tmp/pictures --port 8090 &
//     rag ingest --home /tmp/pictures examples/handbook.pdf
//     GROVE_URL=http://127.0.0.1:8090 npm run pictures -- /tmp/pictures/png
import { mkdirSync } from "node:fs";
import { ask, answered, HANDBOOK, lastTurn, looksMarked, refuseHandbook } from "./e2e/actions.mjs";
import { openPage, startBrowser } from "./e2e/browser.mjs";

const url = process.env.GROVE_URL ?? "http://127.0.0.1:8080";
const folder = process.argv[2] ?? "pictures";
mkdirSync(folder, { recursive: true });
const browser = await startBrowser();
for (const size of ["wide", "narrow"]) {
  for (const scheme of ["light", "dark"]) {
    const { page } = await openPage(browser, { size, scheme, motion: "reduce" });
    const take = (name) => page.screenshot({ path: `${folder}/${name}-${size}-${scheme}.png` });
    await page.goto(url);
    await page.getByRole("list", { name: "Example questions" }).waitFor();
    await take("welcome");
    await ask(page, HANDBOOK.question);
    await answered(page);
    await take("answer");
    await lastTurn(page).locator(".trail-details > summary").click();
    await take("steps");
    await lastTurn(page).locator(".trail-details > summary").click();
    await lastTurn(page).locator(".cite").last().click();
    await looksMarked(page);
    await take("page");
    await page.keyboard.press("Escape");
    await refuseHandbook(page, url);
    await take("refused");
    await lastTurn(page).locator(".closest").click();
    await looksMarked(page);
    await take("closest");
    for (const view of ["search", "insights", "schedules", "keys", "settings"]) {
      await page.goto(`${url}?view=${view}`, { waitUntil: "networkidle" }); // all that the page asks for is there
      await page.getByRole("heading", { level: 1 }).waitFor();
      await take(view);
    }
    await page.context().close();
  }
}
await browser.close();
console.log(`pictures are in ${folder}`);
