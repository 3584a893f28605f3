/** Questions to begin with, made from the titles of what is there. */

import type { DocumentSummary } from "../client/types";

/** Give up to three questions about the first documents. */
export function exampleQuestions(documents: readonly DocumentSummary[]): string[] {
  const titles = documents.filter((document) => document.status === "ready").map(titleOf);
  const [first, second, third] = [...new Set(titles)];
  return [
    first && `What is “${first}” about?`,
    second && `What does “${second}” say?`,
    third && `Who wrote “${third}”?`,
  ].filter((question): question is string => Boolean(question));
}

function titleOf({ title, source }: DocumentSummary): string {
  return title || source.replace(/\.\w+$/, "");
}
