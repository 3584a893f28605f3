/** Questions to begin with, made from the titles of what is there. */

import type { DocumentSummary } from "../client/types";

const QUESTIONS: readonly ((title: string) => string)[] = [
  (title) => `What is “${title}” about?`,
  (title) => `Give me an overview of “${title}”.`,
  (title) => `Summarise “${title}”.`,
];

/** Give three questions about the first documents; none when nothing is ready. */
export function exampleQuestions(documents: readonly DocumentSummary[]): string[] {
  const ready = documents.filter((document) => document.status === "ready");
  const titles = ready.slice(0, QUESTIONS.length).map(titleOf);
  return titles.length === 0 ? [] : QUESTIONS.map((question, at) => question(titles[at % titles.length] ?? ""));
}

function titleOf({ title, source }: DocumentSummary): string {
  return title || source.replace(/\.\w+$/, "");
}
