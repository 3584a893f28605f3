/** The blocks of a Markdown text by their offsets: paragraphs, lists, headings, quotations, tables and code. */

export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Layout extends Span {
  readonly kind: "paragraph" | "bullet" | "numbered" | "heading" | "quote" | "row" | "code";
  readonly number: number; // of a numbered item, and a heading's level; 0 otherwise
}

const MARKER = /^[ \t]*(?:[-*•+]|(\d{1,4})[.)])[ \t]+(?=\S)/;
const HEADING = /^[ \t]{0,3}(#{1,6})[ \t]+(?=\S)/;
const QUOTE = /^[ \t]{0,3}>[ \t]?/;
const FENCE = /^[ \t]{0,3}(```|~~~)/;
const ROW = /^[ \t]*\|.*\|[ \t]*$/;
const BAR = /(?<!\S)\|(?!\S)/;
const RULE_OF_TABLE = /^[ \t|:-]*-[ \t|:-]*$/;

/** Lay a text out: the markup that makes a block what it is belongs to none. */
export function layOut(text: string): Layout[] {
  const blocks: Layout[] = [];
  const rows = barredLines(text);
  let isOpen = false; // the last block goes on in the next line
  let code: number | null = null; // where a block of code began
  let mark: string | undefined; // that closes it
  for (const match of text.matchAll(/[^\n]+|\n/g)) {
    const line = match[0];
    const start = match.index;
    const fence = FENCE.exec(line)?.[1];
    if (fence !== undefined && (code === null || fence === mark)) {
      if (code !== null) blocks.push({ kind: "code", number: 0, start: code, end: Math.max(code, start - 1) });
      code = code === null ? Math.min(start + line.length + 1, text.length) : null;
      mark = fence;
      isOpen = false;
      continue;
    }
    if (code !== null || line === "\n") continue;
    if (line.trim() === "" || text.startsWith("\n\n", start - 2)) isOpen = false;
    if (line.trim() === "") continue;
    isOpen = addLine(blocks, line, start, isOpen, rows.has(start));
  }
  // An answer that is being written has not closed its code yet.
  if (code !== null && code < text.length) blocks.push({ kind: "code", number: 0, start: code, end: text.length });
  return blocks;
}

/** Give where neighbouring lines begin that bars cut into cells: rows as Grove reads them from spreadsheets and pages. */
function barredLines(text: string): Set<number> {
  const barred = [...text.matchAll(/[^\n]+/g)].filter(([line]) => BAR.test(line));
  const ends = new Set(barred.map((match) => match.index + match[0].length));
  const starts = new Set(barred.map((match) => match.index));
  const isBeside = (match: RegExpExecArray): boolean =>
    ends.has(match.index - 1) || starts.has(match.index + match[0].length + 1);
  return new Set(barred.filter(isBeside).map((match) => match.index));
}

/** Add a line; tell whether the next one may go on with its block. */
function addLine(blocks: Layout[], line: string, start: number, isOpen: boolean, isRow: boolean): boolean {
  const end = start + line.trimEnd().length;
  const special = specialLine(line, isRow);
  const last = blocks.at(-1);
  if (special !== null) {
    const { kind, number, skipped } = special;
    if (skipped < line.length) blocks.push({ kind, number, start: start + skipped, end });
    return kind === "bullet" || kind === "numbered";
  }
  if (isOpen && last !== undefined) blocks[blocks.length - 1] = { ...last, end };
  else blocks.push({ kind: "paragraph", number: 0, start, end });
  return true;
}

/** Say what a line is by how it begins, and how many of its characters say so; null for plain text. */
function specialLine(line: string, isRow: boolean): { kind: Layout["kind"]; number: number; skipped: number } | null {
  const heading = HEADING.exec(line);
  if (heading !== null) return { kind: "heading", number: heading[1]?.length ?? 1, skipped: heading[0].length };
  const quote = QUOTE.exec(line);
  if (quote !== null) return { kind: "quote", number: 0, skipped: quote[0].length };
  if (isRow || ROW.test(line)) return { kind: "row", number: 0, skipped: RULE_OF_TABLE.test(line) ? line.length : 0 };
  const marker = MARKER.exec(line);
  if (marker === null) return null;
  const kind = marker[1] === undefined ? "bullet" : "numbered";
  return { kind, number: Number(marker[1] ?? 0), skipped: marker[0].length };
}
