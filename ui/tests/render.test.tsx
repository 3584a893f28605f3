import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { AnswerText } from "../src/components/AnswerText";
import { Insights } from "../src/components/Insights";
import { TurnView } from "../src/components/TurnView";
import type { Turn } from "../src/state/conversation";
import { citation, CLOSEST } from "./samples";

const nothing = (): void => undefined;

function rendered(changes: Partial<Turn>, onAskAnew: (() => void) | null = null, isLast = true): string {
  const turn: Turn = {
    id: 1,
    question: "How high?",
    collection: "trees",
    state: "answered",
    runId: "r1",
    replaces: null,
    permission: null,
    steps: [{ name: "retrieve", milliseconds: 41.2, summary: { passages: 6 }, inputs: { searched: "height" } }],
    text: "It is 30 m high. It is old.",
    shortAnswer: null,
    sentences: [
      { start: 0, end: 16, supported: true, relevance: 0.9 },
      { start: 17, end: 27, supported: false, relevance: 0.1 },
    ],
    citations: [citation({ answer_end: 16 })],
    missing: [],
    closest: null,
    milliseconds: 93,
    error: null,
    seq: 9,
    isReconnecting: false,
    rating: null,
    ...changes,
  };
  return renderToStaticMarkup(
    <TurnView
      turn={turn}
      isLast={isLast}
      active={1}
      onCite={nothing}
      onAskInstead={nothing}
      onAskAnew={onAskAnew}
      onRate={() => Promise.resolve()}
      onPermit={nothing}
      onCopy={() => Promise.resolve()}
    />,
  );
}

describe("a turn", () => {
  it("has a named button behind the cited words", () => {
    expect(rendered({})).toMatch(
      /It is 30 m high\.<button[^>]*aria-label="Citation 1: The oak, page 2"[^>]*aria-pressed="true"[^>]*>\[1\]<\/button>/,
    );
  });

  it("marks what is unsupported, for eyes and ears", () => {
    expect(rendered({})).toMatch(/class="unsupported"[^>]*>It is old\.<span class="visually-hidden"> \(not supported/);
  });

  it("sets the few words that answer off from the sentence that holds them", () => {
    const html = rendered({
      text: "30 m It is 30 m high.",
      shortAnswer: "30 m",
      sentences: [
        { start: 0, end: 4, supported: true, relevance: 0.9 },
        { start: 5, end: 21, supported: true, relevance: 0.9 },
      ],
      citations: [citation({ answer_start: 0, answer_end: 4 }), citation({ answer_start: 5, answer_end: 21 })],
    });
    expect(html).toMatch(/<strong>30 m<\/strong><button[^>]*>\[1\]<\/button>/);
    expect(html.match(/<strong>/g)).toHaveLength(1);
  });

  it("asks for a permission with two buttons, and says what would be done", () => {
    const permission = { tool: "send", arguments: { to: "Ada" }, effects: "writes" };
    const html = rendered({ state: "waiting", permission, text: "", sentences: [], citations: [] });
    expect(html).toMatch(/<b>send<\/b>.*<dt>to<\/dt><dd>Ada<\/dd>/);
    expect(html).toContain("Allow once</button>");
    expect(html).toContain("Do not allow</button>");
  });

  it("names the words that no passage holds", () => {
    const html = rendered({ state: "refused", text: "Not found.", missing: ["Mona Lisa"], sentences: [], citations: [] });
    expect(html).toContain('<span class="term">Mona Lisa</span>');
  });

  it("shows steps with their milliseconds", () => {
    expect(rendered({})).toContain("Search <b>41 ms</b>");
  });

  it("shows what a step was given and found, passages too", () => {
    const found = [{ source: "oak.pdf", page: 2, score: 3.14159, text: "The oak\nis high." }, { odd: true }];
    const steps = [{ name: "retrieve", milliseconds: 3, inputs: { searched: "oak" }, summary: { passages: 1, evidence: found } }];
    const html = rendered({ steps });
    expect(html).toContain("searched</dt><dd>oak</dd>");
    expect(html).toMatch(/<b>oak\.pdf, page 2<\/b>.*3\.14.*The oak is high\./);
    expect(html).not.toContain("odd");
  });

  it("warns where the sources hardly bear the answer", () => {
    expect(rendered({ citations: [citation({ answer_end: 16, relevance: 0.55 })] })).toContain("hardly bear on this question");
    expect(rendered({ citations: [] })).toContain("No passage of the documents supports this answer");
    expect(rendered({})).not.toContain("notice doubt");
  });

  it("tells a refusal from an answer", () => {
    const html = rendered({ state: "refused", text: "I could not find this.", sentences: [], citations: [] });
    expect(html).toContain('class="notice refusal"');
    expect(html).not.toContain("Sources");
  });

  it("shows what comes closest to a refused answer, to be opened, and as no source", () => {
    const html = rendered({ state: "refused", text: "Not found.", sentences: [], citations: [], closest: CLOSEST });
    expect(html).toMatch(/<section[^>]*aria-label="Closest passage">.*<button[^>]*aria-pressed="true"[^>]*>.*The oak, page 2.*<q[^>]*>The oak is 30 m high\.<\/q>/);
    expect(html).not.toMatch(/Sources|<meter/);
  });

  it.each([
    ["- A car is paid by the kilometre.", "A car is paid by the kilometre."],
    ["| Paint | Hall 2 | 36 |\n", "Paint | Hall 2 | 36"],
    ["```python\nreturn 36\n```", "return 36"],
    ["-5 degrees", "-5 degrees"],
    ["- 12 % against the year before", "- 12 % against the year before"],
    ["- € 3 m", "- € 3 m"],
    ["+ three points", "+ three points"],
    ["```diff\n- retries: 3\n+ retries: 5\n```", "- retries: 3 + retries: 5"],
    ["```diff\r\n- retries\r\n```", "- retries"],
    ["```sh\ncat a.log |\n```", "cat a.log |"],
    ["| a | b |\n| c | d |", "| a | b | | c | d |"],
    ["|  | 36 |", "| | 36 |"],
    ["| 36 | |", "| 36 | |"],
    ["| |", "| |"],
    ["", ""],
  ])("quotes %j without the Markdown around it, and with all it says", (quote, shown) => {
    expect(rendered({ citations: [citation({ answer_end: 16, quote })] })).toContain(`>${shown}</q>`);
  });

  it("offers to try again after an error", () => {
    expect(rendered({ state: "failed", error: "no model" })).toMatch(/no model.*Try again/s);
  });

  it("is asked again only where nothing follows that would go", () => {
    for (const [state, words] of [["answered", "Ask again"], ["stopped", "Ask again"], ["failed", "Try again"]] as const) {
      expect(rendered({ state })).toContain(words);
      expect(rendered({ state }, null, false)).not.toContain(words);
      expect(rendered({ state }, null, false)).toContain("Edit the question");
    }
    expect(rendered({}, null, false)).toContain("Good answer");
  });

  it("leads out of a conversation that was deleted, where trying again is of no use", () => {
    const html = rendered({ state: "failed", error: "This conversation was deleted." }, nothing);
    expect(html).toContain("Ask in a new conversation");
    expect(html).not.toContain("Try again");
  });

  it("never treats text as markup", () => {
    const attack = '<img src=x onerror="alert(1)"> ![x](http://evil.example/?q) <b>bold</b>';
    const html = renderToStaticMarkup(
      <AnswerText text={attack} shortAnswer={null} sentences={[]} citations={[]} active={null} onCite={nothing} />,
    );
    expect(html).not.toMatch(/<img|<b>|<a /);
    expect(html).toContain("&lt;img src=x");
  });

  it("runs in the direction of its words, block by block", () => {
    const html = rendered({ text: "# עץ\n\nאלון\n\n- בוק\n\n> ליבנה\n\n| א | ב |\n|---|---|\n| ג | ד |", sentences: [], citations: [] });
    for (const tag of ["h2", "h3", "p", "ul", "blockquote", "table"]) expect(html).toMatch(new RegExp(`<${tag}[^>]* dir="auto"`));
    expect(rendered({})).toMatch(/<q[^>]* dir="auto"/);
  });

  it("needs no inline style, which the content security policy would not allow", () => {
    expect(rendered({})).not.toContain("style=");
  });
});

describe("judgements on many days", () => {
  const judged = (day: number) => ({
    ...{ run_id: `r${day}`, question: "?", collection: "c", reason: "", rating: "up" as const },
    created_at: new Date(Date.UTC(2026, 0, day)).toISOString(),
  });
  const feedback = Array.from({ length: 150 }, (_, day) => judged(day));
  const shown = (next: string | null) => renderToStaticMarkup(<Insights collections={[]} runs={[]} feedback={{ feedback, next }} />);

  it("all have a bar that is seen", () => {
    const widths = Array.from(shown(null).matchAll(/class="plot-bar"[^>]* width="([^"]+)"/g), ([, width]) => Number(width));
    expect([widths.length, Math.min(...widths) > 1]).toEqual([150, true]);
  });

  it("say when there are more", () => {
    expect(shown(null)).toContain("<p class=\"hint\">150 good answers, 0 bad answers, by day (UTC).");
    expect(shown("2025")).toContain("Of the last 150: 150 good answers");
  });
});
