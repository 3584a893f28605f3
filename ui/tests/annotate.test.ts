import { describe, expect, it } from "vitest";
import { annotate, type Block } from "../src/text/annotate";
import { citation } from "./samples";

function sentence(start: number, end: number, supported: boolean) {
  return { start, end, supported, relevance: supported ? 0.9 : 0.1 };
}

function shown(blocks: readonly Block[]): string[] {
  return blocks.map(({ kind, number, pieces }) => {
    const prefix = { paragraph: "", bullet: "* ", numbered: `${number}. `, heading: "# ", quote: "> ", row: "| ", code: "$ " }[kind];
    const text = pieces.map((piece) => {
      const words = piece.isUnsupported ? `<${piece.text}>` : piece.text;
      return words + piece.citations.map((mark) => `[${mark}]`).join("");
    });
    return prefix + text.join("");
  });
}

describe("an annotated answer", () => {
  it("carries citations behind the words they support", () => {
    const text = "Oaks grow. Elms die.";
    const citations = [citation({ answer_end: 10 }), citation({ answer_end: 20 }), citation({ answer_end: 10 })];
    expect(shown(annotate(text, [], citations))).toEqual(["Oaks grow.[1][3] Elms die.[2]"]);
  });

  it("marks the sentences that nothing supports", () => {
    const sentences = [sentence(0, 10, true), sentence(11, 20, false)];
    expect(shown(annotate("Oaks grow. Elms die.", sentences, []))).toEqual(["Oaks grow. <Elms die.>"]);
  });

  it("counts offsets in code points", () => {
    const text = "🌳🌲 grow. 🍂 fall.";
    const sentences = [sentence(0, 8, true), sentence(9, 16, false)];
    expect(shown(annotate(text, sentences, [citation({ answer_end: 8 })]))).toEqual(["🌳🌲 grow.[1] <🍂 fall.>"]);
  });

  it("becomes paragraphs and lists", () => {
    const text = "Trees:\n- oak\n- elm\n\nSteps\nto take:\n\n1. dig\n2) plant\n   and water\n\nDone.";
    expect(shown(annotate(text, [], []))).toEqual([
      "Trees:",
      "* oak",
      "* elm",
      "Steps\nto take:",
      "1. dig",
      "2. plant\n   and water",
      "Done.",
    ]);
  });

  it("loses no citation between blocks or beyond the end", () => {
    const text = "- oak\n\n- elm\n";
    const citations = [0, 7, 9, 13, 99].map((answer_end) => citation({ answer_end }));
    expect(shown(annotate(text, [], citations))).toEqual(["* oak[1][2][3]", "* elm[4][5]"]);
  });

  it("marks a sentence that runs over several blocks in each of them", () => {
    expect(shown(annotate("One\n\ntwo.", [sentence(0, 9, false)], []))).toEqual(["<One>", "<two.>"]);
  });

  it("has headings, quotations and code, also code that is not closed yet", () => {
    const text = "## Trees\nOaks\n> He said\n> so.\n```js\nx = **1**\n\ny\n```\nAnd\n```\nrm";
    expect(shown(annotate(text, [], []))).toEqual(["# Trees", "Oaks", "> He said", "> so.", "$ x = **1**\n\ny", "And", "$ rm"]);
  });

  it("ends code with the fence that it began with, and cites it behind its last line", () => {
    const text = "~~~md\n```\nx\n```\n~~~\nAnd";
    expect(shown(annotate(text, [], [citation({ answer_end: 19 })]))).toEqual(["$ ```\nx\n```[1]", "And"]);
  });

  it("has tables whose cells carry citations", () => {
    const text = "| tree | height |\n|---|:--|\n| oak | **30 m** |";
    const blocks = annotate(text, [], [citation({ answer_start: 36, answer_end: 46 })]);
    expect(blocks.map(({ kind }) => kind)).toEqual(["row", "row"]);
    const cells = blocks[1]?.pieces.map(({ text: words, cell, style }) => [words.trim(), cell, style]);
    expect(cells?.filter(([words]) => words !== "")).toEqual([
      ["oak", 0, {}],
      ["30 m", 1, { isStrong: true }],
    ]);
    expect(blocks[1]?.pieces.find((piece) => piece.text === "30 m")?.supportedBy).toEqual([1]);
  });

  it("has tables of neighbouring lines with bars, whose first cell may be empty", () => {
    const rows = annotate("Boats\n\n | seats | rate\nPedal boat | 2 | $12", [], []);
    expect(rows.map(({ kind }) => kind)).toEqual(["paragraph", "row", "row"]);
    expect(rows.slice(1).map(({ pieces }) => pieces.map(({ text, cell }) => [text.trim(), cell]).filter(([words]) => words !== ""))).toEqual([
      [["seats", 1], ["rate", 2]],
      [["Pedal boat", 0], ["2", 1], ["$12", 2]],
    ]);
    expect(annotate("ls | wc counts\nfiles.", [], []).map(({ kind }) => kind)).toEqual(["paragraph"]);
  });

  it("of nothing is nothing", () => {
    expect(annotate("", [], [])).toEqual([]);
    expect(annotate("\n \n", [], [])).toEqual([]);
  });
});
