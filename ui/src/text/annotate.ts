/** An answer as blocks to render: paragraphs and lists, cut into pieces that carry their citations. */

import type { Citation, Sentence } from "../client/types";
import { utf16Index } from "./codepoints";

export interface Piece {
  readonly text: string;
  readonly isUnsupported: boolean;
  readonly citations: readonly number[]; // as shown behind the piece: [1] is 1
}

export interface Block {
  readonly kind: "paragraph" | "bullet" | "numbered";
  readonly number: number; // of a numbered item; 0 otherwise
  readonly pieces: readonly Piece[];
}

interface Span {
  readonly start: number;
  readonly end: number;
}

interface Layout extends Span {
  readonly kind: Block["kind"];
  readonly number: number;
}

/** Cut a text at its lines, sentences and citations; no character but list markers and line ends is lost. */
export function annotate(text: string, sentences: readonly Sentence[], citations: readonly Citation[]): Block[] {
  const index = utf16Index(text);
  const doubtful = sentences
    .filter((sentence) => !sentence.supported)
    .map(({ start, end }) => ({ start: index(start), end: index(end) }));
  const marks = citations.map((citation) => index(citation.answer_end));
  const cuts = [...marks, ...doubtful.flatMap(({ start, end }) => [start, end])].sort((a, b) => a - b);
  const layout = layOut(text);
  const spans = layout.map((block) => cutSpan(block, cuts));
  const owners = marks.map((mark) => ownerOf(mark, spans.flat()));
  return layout.map(({ kind, number }, at) => ({
    kind,
    number,
    pieces: (spans[at] ?? []).map((span) => ({
      text: text.slice(span.start, span.end),
      isUnsupported: doubtful.some((range) => range.start < span.end && span.start < range.end),
      citations: owners.flatMap((owner, citation) => (owner === span ? [citation + 1] : [])),
    })),
  }));
}

const MARKER = /^[ \t]*(?:[-*•]|(\d{1,4})[.)])[ \t]+(?=\S)/;

function layOut(text: string): Layout[] {
  const blocks: Layout[] = [];
  let isOpen = false; // the last block goes on in the next line
  for (const match of text.matchAll(/[^\n]+|\n/g)) {
    const line = match[0];
    const end = match.index + line.trimEnd().length;
    if (line === "\n") continue;
    if (line.trim() === "" || text.startsWith("\n\n", match.index - 2)) isOpen = false;
    if (line.trim() === "") continue;
    const marker = MARKER.exec(line);
    const last = blocks.at(-1);
    if (marker !== null) {
      const kind = marker[1] === undefined ? "bullet" : "numbered";
      blocks.push({ kind, number: Number(marker[1] ?? 0), start: match.index + marker[0].length, end });
    } else if (isOpen && last !== undefined) {
      blocks[blocks.length - 1] = { ...last, end };
    } else {
      blocks.push({ kind: "paragraph", number: 0, start: match.index, end });
    }
    isOpen = true;
  }
  return blocks;
}

function cutSpan({ start, end }: Span, cuts: readonly number[]): Span[] {
  const inside = [...new Set(cuts)].filter((cut) => start < cut && cut < end);
  return [start, ...inside].map((from, at) => ({ start: from, end: inside[at] ?? end }));
}

/** Find the piece that a citation stands behind: the last one that begins before the citation's end. */
function ownerOf(mark: number, spans: readonly Span[]): Span | undefined {
  return spans.findLast((span) => span.start < mark) ?? spans[0];
}
