import { describe, expect, it } from "vitest";
import { exampleQuestions } from "../src/text/examples";
import { summary } from "./samples";

describe("example questions", () => {
  it("are about what is ready", () => {
    const pending = summary({ title: "Elms", status: "running" });
    expect(exampleQuestions([pending, summary(), summary({ title: "", source: "beech.v2.pdf" })])).toEqual([
      "What is “The oak” about?",
      "Give me an overview of “beech.v2”.",
      "Summarise “The oak”.",
    ]);
  });

  it("are none when nothing is ready", () => {
    expect(exampleQuestions([])).toEqual([]);
  });
});
