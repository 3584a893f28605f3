import { describe, expect, it } from "vitest";
import { utf16Index } from "../src/text/codepoints";

describe("code point offsets", () => {
  it.each(["", "plain", "née 京都", "🌳", "a🌳b🌲🌲c", "👩‍🌾 grows 🥕"])("match a walk over %j", (text) => {
    const index = utf16Index(text);
    const points = Array.from(text);
    for (let start = 0; start <= points.length; start += 1) {
      for (let end = start; end <= points.length; end += 1) {
        expect(text.slice(index(start), index(end))).toBe(points.slice(start, end).join(""));
      }
    }
  });

  it("end at the end of the text", () => {
    expect(utf16Index("🌳")(9)).toBe(2);
  });
});
