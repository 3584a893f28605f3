import { describe, expect, it } from "vitest";
import { excerpt, type ExcerptPart, holdsQuote } from "../src/text/excerpt";

const WIDE = { before: 10_000, after: 10_000 };

function stored(text: string, pages: { page: number; start: number; end: number }[] = []) {
  return { document_id: "d1", version: 1, source: "oak.pdf", title: "The oak", text, pages, has_file: false, has_page_images: false };
}

function shown(parts: readonly ExcerptPart[]): string {
  return parts
    .map((part) => (part.kind === "page" ? `{${part.page}}` : part.kind === "quote" ? `<${part.text}>` : part.text))
    .join("");
}

describe("an excerpt", () => {
  it("shows the quotation in its text, by code points", () => {
    const document = stored("🌳 Oaks. They grow high. 🍂");
    expect(shown(excerpt(document, 8, 23, WIDE).parts)).toBe("🌳 Oaks. <They grow high.> 🍂");
    expect(holdsQuote(document, 8, 23, "They grow high.")).toBe(true);
    expect(holdsQuote(document, 8, 22, "They grow high.")).toBe(false);
  });

  it("shows where pages begin, also inside the quotation", () => {
    const pages = [
      { page: 1, start: 0, end: 4 },
      { page: 2, start: 5, end: 13 },
    ];
    expect(shown(excerpt(stored("One. two three", pages), 0, 8, WIDE).parts)).toBe("{1}<One. >{2}<two> three");
  });

  it("begins and ends at whole lines, and says that there is more", () => {
    const document = stored("first line\nsecond line\nthird line\nfourth line");
    const { parts, hasBefore, hasAfter } = excerpt(document, 23, 28, { before: 4, after: 2 });
    expect(shown(parts)).toBe("second line\n<third> line");
    expect([hasBefore, hasAfter]).toEqual([true, true]);
  });

  it("of a document without a quotation is its beginning", () => {
    const { parts, hasBefore, hasAfter } = excerpt(stored("word ".repeat(2000)), 0, 0, { before: 0, after: 102 });
    expect(shown(parts)).toBe("word ".repeat(21).trimEnd());
    expect([hasBefore, hasAfter]).toEqual([false, true]);
  });

  it("of very long lines stays short", () => {
    const { parts } = excerpt(stored("x".repeat(50_000)), 25_000, 25_010, { before: 100, after: 100 });
    expect(shown(parts).length).toBeLessThan(1200);
  });
});
