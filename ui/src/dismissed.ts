/** Which failures of files were dismissed in this browser: the server lists a failure until its file is in. */

import type { DocumentSummary } from "./client/types";

const NAME = "grove.dismissed";
const MOST = 1000; // the newest

/** Remember that a failure was seen; one that finds no room is told again. */
export function keepDismissed(collection: string, failure: DocumentSummary): void {
  try {
    localStorage.setItem(NAME, JSON.stringify([...kept(), nameOf(collection, failure)].slice(-MOST)));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}

/** Give documents without failures that were dismissed. A later job, and another reason, are another failure. */
export function withoutDismissed(collection: string, documents: readonly DocumentSummary[]): DocumentSummary[] {
  const seen = new Set(kept());
  return documents.filter((known) => known.status !== "failed" || !seen.has(nameOf(collection, known)));
}

function nameOf(collection: string, { source, created_at, error }: DocumentSummary): string {
  return `${collection} ${created_at} ${source} ${error}`;
}

function kept(): string[] {
  return JSON.parse(localStorage.getItem(NAME) ?? "[]");
}
