import { describe, expect, it } from "vitest";
import type { Hit } from "../src/client/types";
import { days, latencies, quantile } from "../src/state/insights";
import { readiness } from "../src/state/library";
import { library, newLibrary } from "../src/state/library";
import { movement, ranked } from "../src/state/ranking";
import { matching } from "../src/state/settings";
import { viewOf } from "../src/state/views";
import { summary } from "./samples";

const hit = (chunk_id: string) => ({ chunk_id }) as Hit;

describe("two searches side by side", () => {
  it("say where the other has the same passage", () => {
    const words = ranked([hit("a"), hit("b"), hit("c")], [hit("a"), hit("x"), hit("y"), hit("b")]).map(movement);
    expect(words).toEqual(["same rank", "▲ 4 there", "only here"]);
  });
});

describe("insights", () => {
  const run = (seconds: number, state = "done") => ({
    ...{ run_id: "r", collection: "c", question: "?", state, created_at: "2026-01-01T00:00:00Z" },
    finished_at: `2026-01-01T00:00:0${seconds}Z`,
  });

  it("count only what was answered, oldest first", () => {
    expect(latencies([run(3), run(1, "failed"), run(2), run(0)]).map((each) => each.milliseconds)).toEqual([1, 2000, 3000]);
  });

  it("give quantiles", () => {
    expect([quantile([], 0.5), quantile([7], 0.95), quantile([4, 1, 3, 2], 0.5)]).toEqual([0, 7, 3]);
  });

  it("add judgements up by day", () => {
    const judged = (day: number, rating: string) => ({
      ...{ run_id: "r", question: "?", collection: "c", reason: "", rating },
      created_at: `2026-01-0${day}T12:00:00Z`,
    });
    expect(days([judged(2, "up"), judged(1, "down"), judged(1, "up")])).toEqual([
      { day: "2026-01-01", up: 1, down: 1 },
      { day: "2026-01-02", up: 1, down: 0 },
    ]);
  });
});

describe("a library that is being filled", () => {
  it("says what can be asked about already", () => {
    const page = { documents: [summary(), summary({ document_id: null, source: "elm.pdf", status: "running" })], next: null };
    const filling = library(newLibrary("default"), { type: "documents.loaded", collection: "default", wanted: 100, page });
    expect(readiness(filling)).toBe("Answers come from what is ready: 1 document; 1 more on the way.");
    const full = library(filling, { type: "documents.loaded", collection: "default", wanted: 100, page: { documents: [summary()], next: null } });
    expect(readiness(full)).toBeNull();
  });
});

describe("settings", () => {
  const setting = (variable: string, value: string | null, is_default: boolean) => ({ variable, value, is_default, meaning: "How far." });
  const groups = [
    { name: "Answers", settings: [setting("GROVE_GENERATION__MAX_TOKENS", "192", true)] },
    { name: "Log", settings: [setting("GROVE_LOG__LEVEL", "debug", false), setting("GROVE_LOG__FORMAT", null, true)] },
  ];
  const found = (words: string, isChangedOnly = false) =>
    matching(groups, words, isChangedOnly).map(({ name, settings }) => [name, ...settings.map((each) => each.variable)]);

  it("are found by any of their words, in their groups", () => {
    expect(found("MAX tokens")).toEqual([["Answers", "GROVE_GENERATION__MAX_TOKENS"]]);
    expect(found("log debug")).toEqual([["Log", "GROVE_LOG__LEVEL"]]);
    expect(found("nothing")).toEqual([]);
    expect(found(" ")).toHaveLength(2);
  });

  it("may be only those that were set", () => {
    expect(found("", true)).toEqual([["Log", "GROVE_LOG__LEVEL"]]);
  });
});

describe("an address", () => {
  it("leads to the chat when it names no page", () => {
    expect([viewOf("insights"), viewOf("nothing"), viewOf(null)]).toEqual(["insights", "chat", "chat"]);
  });
});
