import { afterEach, expect, it, vi } from "vitest";
import { draft, keepDraft } from "../src/draft";

afterEach(() => vi.unstubAllGlobals());

it("a draft that finds no room breaks nothing, and no older one is taken for it", () => {
  const kept = new Map<string, string>();
  vi.stubGlobal("sessionStorage", {
    getItem: (name: string) => kept.get(name) ?? null,
    removeItem: (name: string) => kept.delete(name),
    setItem: (name: string, text: string) => {
      if (text.length > 100) throw new DOMException("full", "QuotaExceededError");
      kept.set(name, text);
    },
  });
  keepDraft("How high?");
  expect(draft()).toBe("How high?");
  keepDraft("o".repeat(101));
  expect(draft()).toBe("");
});
