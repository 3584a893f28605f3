import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { onStep, remember, type Shown, shownByAddress } from "../src/address";
import type { Address } from "../src/hooks/useConversation";

let entries: string[] = [];
const search = () => new URL(entries.at(-1) ?? "").search;
const at = (conversationId: string | null, sharedToken: string | null = null): Address => ({ conversationId, sharedToken });
const shown = (address: Address, changes: Partial<Shown> = {}): Shown => ({ collection: "default", view: "chat", address, ...changes });
const FRESH = at(null);

beforeEach(() => {
  entries = ["http://grove.test/"];
  vi.stubGlobal("location", {
    get href() {
      return entries.at(-1);
    },
    get search() {
      return search();
    },
  });
  vi.stubGlobal("history", {
    pushState: (_state: null, _title: string, url: URL) => entries.push(url.href),
    replaceState: (_state: null, _title: string, url: URL) => entries.splice(-1, 1, url.href),
  });
});

afterEach(() => vi.unstubAllGlobals());

it("leads back to the conversation before", () => {
  remember(shown(at("a")), FRESH); // begun by a question
  remember(shown(FRESH), FRESH); // "New conversation"
  remember(shown(at("b")), FRESH);
  remember(shown(at("c")), at("c")); // opened from the list
  remember(shown(at("c")), at("c"));
  expect(entries.map((url) => new URL(url).search)).toEqual(["?conversation=a", "?conversation=b", "?conversation=c"]);
});

it("counts an opened conversation, a shared one and a view as steps, a collection as none", () => {
  remember(shown(FRESH, { collection: "trees" }), FRESH);
  remember(shown(at("a"), { collection: "trees" }), at("a"));
  remember(shown(at("a"), { collection: "trees", view: "keys" }), at("a"));
  remember(shown(at(null, "s")), at(null, "s"));
  expect(entries.map((url) => new URL(url).search)).toEqual([
    "?collection=trees",
    "?collection=trees&conversation=a",
    "?collection=trees&conversation=a&view=keys",
    "?shared=s",
  ]);
});

it("tells what Back leads to", () => {
  const target = new EventTarget();
  vi.stubGlobal("addEventListener", target.addEventListener.bind(target));
  vi.stubGlobal("removeEventListener", target.removeEventListener.bind(target));
  const told: Shown[] = [];
  const end = onStep((next) => told.push(next));
  entries.push("http://grove.test/?view=insights&conversation=a");
  target.dispatchEvent(new Event("popstate"));
  end();
  target.dispatchEvent(new Event("popstate"));
  expect(told).toEqual([shown(at("a"), { view: "insights" })]);
  expect(shownByAddress()).toEqual(told[0]);
});
