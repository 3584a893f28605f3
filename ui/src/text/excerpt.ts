/** A stretch of a document around a quotation, cut into what is shown: text, the quotation, page breaks. */

import type { StoredDocument } from "../client/types";
import { utf16Index } from "./codepoints";
import { unwrapped } from "./unwrap";

export type ExcerptPart =
  | { readonly kind: "text" | "quote"; readonly text: string }
  | { readonly kind: "page"; readonly page: number };

export interface Excerpt {
  readonly parts: readonly ExcerptPart[];
  readonly hasBefore: boolean;
  readonly hasAfter: boolean;
}

export interface Reach {
  readonly before: number; // characters shown before the quotation, at most; lines are not torn
  readonly after: number;
}

/** Give the quotation of a document with its surroundings; start and end in code points. */
export function excerpt(document: StoredDocument, start: number, end: number, reach: Reach): Excerpt {
  const { text } = document;
  const index = utf16Index(text);
  const quote = { start: index(start), end: index(end) };
  const first = lineStart(text, quote.start - reach.before);
  const last = lineEnd(text, quote.end + reach.after);
  const shown = unwrapped(text.slice(first, last));
  const pages = document.pages
    .map(({ page, start: offset }) => ({ page, at: index(offset) }))
    .filter(({ at }) => first <= at && at < last);
  const cuts = [first, quote.start, quote.end, last, ...pages.map(({ at }) => at)].sort((a, b) => a - b);
  const parts: ExcerptPart[] = [];
  cuts.forEach((cut, number) => {
    if (cut !== cuts[number - 1]) {
      for (const { page, at } of pages) if (at === cut) parts.push({ kind: "page", page });
    }
    const stop = cuts[number + 1] ?? cut;
    const isQuote = quote.start <= cut && stop <= quote.end;
    if (stop > cut) parts.push({ kind: isQuote ? "quote" : "text", text: shown.slice(cut - first, stop - first) });
  });
  return { parts, hasBefore: first > 0, hasAfter: last < text.length };
}

/** Say whether the document still holds the quotation where the citation points. */
export function holdsQuote(document: StoredDocument, start: number, end: number, quote: string): boolean {
  const index = utf16Index(document.text);
  return document.text.slice(index(start), index(end)) === quote;
}

function lineStart(text: string, near: number): number {
  if (near <= 0) return 0;
  const back = text.lastIndexOf("\n", near);
  if (near - back < 400) return back + 1;
  const space = text.lastIndexOf(" ", near);
  return Math.max(space + 1, near - 400);
}

function lineEnd(text: string, near: number): number {
  if (near >= text.length) return text.length;
  const ahead = text.indexOf("\n", near);
  if (ahead >= 0 && ahead - near < 400) return ahead;
  const space = text.indexOf(" ", near);
  return space >= 0 && space - near < 400 ? space : near;
}
