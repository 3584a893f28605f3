import { describe, expect, it } from "vitest";
import { conversations, NO_CONVERSATIONS } from "../src/state/conversations";
import { ago, ahead, timing } from "../src/text/words";

const summary = (id: string, title = id) => ({
  ...{ conversation_id: id, title, collection: "default", share_token: null },
  ...{ created_at: "2026-01-01T00:00:00Z", updated_at: "2026-01-01T00:00:00Z" },
});
const page = (...ids: string[]) => ({ conversations: ids.map((id) => summary(id)), next: ids.at(-1) ?? null, can_share: true });

describe("the list of conversations", () => {
  it("grows by pages and ignores what answers an earlier search", () => {
    const first = conversations(NO_CONVERSATIONS, { type: "loaded", query: "", after: null, page: page("a", "b") });
    const both = conversations(first, { type: "loaded", query: "", after: "b", page: page("c") });
    expect(both.listed?.map((known) => known.conversation_id)).toEqual(["a", "b", "c"]);
    expect(conversations(both, { type: "loaded", query: "", after: "b", page: page("c") })).toBe(both); // asked for twice
    const searched = conversations(both, { type: "searched", query: "oak" });
    expect(conversations(searched, { type: "loaded", query: "", after: null, page: page("x") })).toBe(searched);
  });

  it("shows another title and forgets what was deleted", () => {
    const before = conversations(NO_CONVERSATIONS, { type: "loaded", query: "", after: null, page: page("a", "b") });
    const renamed = conversations(before, { type: "changed", summary: summary("b", "Oaks") });
    expect(renamed.listed?.map((known) => known.title)).toEqual(["a", "Oaks"]);
    expect(conversations(renamed, { type: "deleted", id: "a" }).listed).toHaveLength(1);
  });
});

describe("an age", () => {
  it.each([
    [20, "now"],
    [90, "1 minute ago"],
    [7300, "2 hours ago"],
    [90_000, "yesterday"],
    [40 * 86_400, "2026-01-01"],
  ])("of %i seconds reads %s", (seconds, words) => {
    expect(ago("2026-01-01T00:00:00Z", Date.parse("2026-01-01T00:00:00Z") + seconds * 1000)).toBe(words);
  });
});

describe("a schedule", () => {
  it.each([
    ["every 900 s", "every 15 minutes"],
    ["every 86400 s", "every 1 day"],
    ["every 90 s", "every 90 seconds"],
    ["0 3 * * 1", "at 0 3 * * 1 (UTC)"],
  ])("of %s is due %s", (text, words) => expect(timing(text)).toBe(words));

  it.each([
    [-5, "now"],
    [59, "now"],
    [150, "in 2 minutes"],
    [90_000, "tomorrow"],
  ])("that is due in %i seconds is so %s", (seconds, words) => {
    const now = Date.parse("2026-01-01T00:00:00Z");
    expect(ahead(new Date(now + seconds * 1000).toISOString(), now)).toBe(words);
  });
});
