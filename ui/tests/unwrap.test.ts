import { describe, expect, it } from "vitest";
import { unwrapped } from "../src/text/unwrap";

const WRAPPED = [
  "Limiting the required editor window width makes it possible to have several",
  "files open side by side, and works well when using code review tools that",
  "present the two versions in adjacent columns.",
];

describe("hard-wrapped text", () => {
  it("flows", () => {
    expect(unwrapped(WRAPPED.join("\n"))).toBe(WRAPPED.join(" "));
  });

  it("flows after a blank line, and stops at one", () => {
    expect(unwrapped(`Title\n\n${WRAPPED.join("\n")}\n\nEnd`)).toBe(`Title\n\n${WRAPPED.join(" ")}\n\nEnd`);
  });

  it("keeps its length, so that offsets hold", () => {
    const text = `Title\n=====\n\n${WRAPPED.join("\n")}\n\n- ${WRAPPED.join("\n  ")}\n\n    code\n`;
    expect(unwrapped(text)).toHaveLength(text.length);
    expect(unwrapped(text).replaceAll(/\s/g, "")).toBe(text.replaceAll(/\s/g, ""));
  });

  it("starts anew at headings, items and indented lines", () => {
    const text = `${WRAPPED[0]}\n-----\n${WRAPPED[0]}\n  ${WRAPPED[1]}\n* ${WRAPPED[2]}`;
    expect(unwrapped(text)).toBe(text);
  });

  it.each([
    "Two roads diverged in a yellow wood,\nAnd sorry I could not travel both\nAnd be one traveler, long I stood",
    "2026-01-01 started the server on port 8080 and waited for the first request\nstopped\nstarted",
    "short\nlines\nof a table",
  ])("is not what verse, logs and tables are: %j", (text) => {
    expect(unwrapped(text)).toBe(text);
  });
});
