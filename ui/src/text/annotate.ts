/** An answer as blocks to render: safe Markdown, cut into pieces that carry their citations. */

import type { Citation, Sentence } from "../client/types";
import { type Layout, layOut, type Span } from "./blocks";
import { utf16Index } from "./codepoints";
import { cellRuns, type Run, runsOf, type Style } from "./inline";

export interface Piece {
  readonly text: string;
  readonly style: Style;
  readonly cell: number; // of a table's row; 0 elsewhere
  readonly isUnsupported: boolean;
  readonly citations: readonly number[]; // as shown behind the piece: [1] is 1
  readonly supportedBy: readonly number[]; // whose words the piece is among
}

export interface Block {
  readonly kind: Layout["kind"];
  readonly number: number; // of a numbered item, and a heading's level; 0 otherwise
  readonly pieces: readonly Piece[];
}

/** Cut a text at its lines, markup, sentences and citations; no character but markup and line ends is lost. */
export function annotate(text: string, sentences: readonly Sentence[], citations: readonly Citation[]): Block[] {
  const index = utf16Index(text);
  const doubtful = sentences
    .filter((sentence) => !sentence.supported)
    .map(({ start, end }) => ({ start: index(start), end: index(end) }));
  const cited = citations.map(({ answer_start, answer_end }) => ({ start: index(answer_start), end: index(answer_end) }));
  const cuts = [...cited, ...doubtful].flatMap(({ start, end }) => [start, end]).sort((a, b) => a - b);
  const layout = layOut(text);
  const spans = layout.map((block) => visibleRuns(text, block).flatMap((run) => cutRun(run, cuts)));
  const owners = cited.map(({ end }) => ownerOf(end, spans.flat()));
  return layout.map(({ kind, number }, at) => ({
    kind,
    number,
    pieces: (spans[at] ?? []).map((span) => ({
      text: text.slice(span.start, span.end),
      style: span.style,
      cell: span.cell,
      isUnsupported: doubtful.some((range) => overlaps(range, span)),
      citations: owners.flatMap((owner, citation) => (owner === span ? [citation + 1] : [])),
      supportedBy: cited.flatMap((range, citation) => (overlaps(range, span) ? [citation + 1] : [])),
    })),
  }));
}

function visibleRuns(text: string, { kind, start, end }: Layout): Run[] {
  if (kind === "code") return [{ start, end, style: {}, cell: 0 }];
  return kind === "row" ? cellRuns(text, start, end) : runsOf(text, start, end);
}

function cutRun(run: Run, cuts: readonly number[]): Run[] {
  const inside = [...new Set(cuts)].filter((cut) => run.start < cut && cut < run.end);
  return [run.start, ...inside].map((from, at) => ({ ...run, start: from, end: inside[at] ?? run.end }));
}

function overlaps(left: Span, right: Span): boolean {
  return left.start < right.end && right.start < left.end;
}

/** Find the piece that a citation stands behind: the last one that begins before the citation's end. */
function ownerOf(mark: number, spans: readonly Run[]): Run | undefined {
  return spans.findLast((span) => span.start < mark) ?? spans[0];
}
