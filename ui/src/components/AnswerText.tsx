/** An answer's text: the few words that answer set off, safe Markdown, doubtful sentences marked,
 * citations as buttons behind the words they support. */

import type { ReactNode } from "react";
import type { Citation, Sentence } from "../client/types";
import { annotate, type Block, type Piece } from "../text/annotate";
import { placeOf } from "../text/words";

export const UNSUPPORTED = "No passage of the documents supports this sentence.";

interface Props {
  readonly text: string;
  readonly shortAnswer: string | null;
  readonly sentences: readonly Sentence[];
  readonly citations: readonly Citation[];
  readonly active: number | null; // the citation whose passage is open
  readonly onCite: (number: number) => void;
}

export function AnswerText({ text, shortAnswer, sentences, citations, active, onCite }: Props): ReactNode {
  const blocks = annotate(text, sentences, citations);
  const lead = blocks[0]?.pieces[0];
  const isLead = (piece: Piece): boolean => piece === lead && piece.text.trim() === shortAnswer;
  const show = (piece: Piece, key: number): ReactNode => (
    <span key={key} className={active !== null && piece.supportedBy.includes(active) ? "supported" : undefined}>
      {piece.isUnsupported ? <Unsupported piece={piece} /> : isLead(piece) ? <strong>{piece.text}</strong> : <Words piece={piece} />}
      {piece.citations.map((number) => (
        <CitationButton
          key={number}
          number={number}
          citation={citations[number - 1]}
          isActive={number === active}
          onCite={onCite}
        />
      ))}
    </span>
  );
  return (
    <div className="answer-text">
      {grouped(blocks).map((group, at) => (
        <Group key={at} blocks={group} show={show} />
      ))}
    </div>
  );
}

/** Show words in their style; React writes them as text, whatever they look like. */
function Words({ piece: { text, style } }: { readonly piece: Piece }): ReactNode {
  if (style.isPicture) return <span className="picture" title="Grove loads no pictures from elsewhere.">{text || "picture"}</span>;
  let shown: ReactNode = style.isCode ? <code>{text}</code> : text;
  if (style.isEmphasis) shown = <em>{shown}</em>;
  if (style.isStrong) shown = <strong>{shown}</strong>;
  if (style.href === undefined) return shown;
  return (
    <a href={style.href} target="_blank" rel="noopener noreferrer nofollow">
      {shown}
    </a>
  );
}

type Show = (piece: Piece, key: number) => ReactNode;

function Group({ blocks, show }: { readonly blocks: readonly Block[]; readonly show: Show }): ReactNode {
  const kind = blocks[0]?.kind;
  switch (kind) {
    case "row":
      return <Table rows={blocks} show={show} />;
    case "quote":
      return <blockquote dir="auto">{blocks.map((block, at) => <p key={at}>{block.pieces.map(show)}</p>)}</blockquote>;
    case "heading":
      return blocks.map((block, at) => <h3 key={at} dir="auto">{block.pieces.map(show)}</h3>);
    case "code":
      return blocks.map((block, at) => (
        <pre key={at} tabIndex={0}>
          <code>{block.pieces.map(show)}</code>
        </pre>
      ));
    case "bullet":
    case "numbered":
      return <List blocks={blocks} show={show} />;
    default:
      return blocks.map((block, at) => <p key={at} dir="auto">{block.pieces.map(show)}</p>);
  }
}

function List({ blocks, show }: { readonly blocks: readonly Block[]; readonly show: Show }): ReactNode {
  const isNumbered = blocks[0]?.kind === "numbered";
  const Kind = isNumbered ? "ol" : "ul";
  return (
    <Kind dir="auto">
      {blocks.map((block, at) => (
        <li key={at} {...(isNumbered ? { value: block.number } : {})}>
          {block.pieces.map(show)}
        </li>
      ))}
    </Kind>
  );
}

function Table({ rows, show }: { readonly rows: readonly Block[]; readonly show: Show }): ReactNode {
  const cellsOf = (row: Block): Piece[][] => {
    const last = row.pieces.at(-1)?.cell ?? 0;
    return Array.from({ length: last + 1 }, (_, cell) => row.pieces.filter((piece) => piece.cell === cell));
  };
  const [head, ...body] = rows.map(cellsOf);
  return (
    <div className="table-scroller" tabIndex={0} role="region" aria-label="Table">
      <table dir="auto">
        <thead>
          <tr>
            {head?.map((cell, at) => (
              <th key={at} scope="col">
                {cell.map(show)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.map((row, number) => (
            <tr key={number}>
              {row.map((cell, at) => (
                <td key={at}>{cell.map(show)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Put neighbouring items of one kind together: a list each. */
function grouped(blocks: readonly Block[]): Block[][] {
  const groups: Block[][] = [];
  for (const block of blocks) {
    const last = groups.at(-1);
    if (last?.[0]?.kind === block.kind) last.push(block);
    else groups.push([block]);
  }
  return groups;
}

function Unsupported({ piece }: { readonly piece: Piece }): ReactNode {
  return (
    <span className="unsupported" title={UNSUPPORTED}>
      <Words piece={piece} />
      <span className="visually-hidden"> (not supported by the documents)</span>
    </span>
  );
}

interface CitationButtonProps {
  readonly number: number;
  readonly citation: Citation | undefined;
  readonly isActive: boolean;
  readonly onCite: (number: number) => void;
}

function CitationButton({ number, citation, isActive, onCite }: CitationButtonProps): ReactNode {
  const place = citation === undefined ? "" : placeOf(citation);
  return (
    <button
      type="button"
      className="cite"
      title={place}
      aria-label={`Citation ${number}: ${place}`}
      aria-pressed={isActive}
      onClick={() => onCite(number)}
    >
      [{number}]
    </button>
  );
}
