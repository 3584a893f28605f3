/** An answer's text: the few words that answer set off, paragraphs and lists, doubtful sentences marked,
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
    <span key={key}>
      {piece.isUnsupported ? <Unsupported text={piece.text} /> : isLead(piece) ? <strong>{piece.text}</strong> : piece.text}
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

function Group({ blocks, show }: { blocks: readonly Block[]; show: (piece: Piece, key: number) => ReactNode }): ReactNode {
  const kind = blocks[0]?.kind;
  if (kind === "paragraph") return blocks.map((block, at) => <p key={at}>{block.pieces.map(show)}</p>);
  const List = kind === "numbered" ? "ol" : "ul";
  return (
    <List>
      {blocks.map((block, at) => (
        <li key={at} {...(kind === "numbered" ? { value: block.number } : {})}>
          {block.pieces.map(show)}
        </li>
      ))}
    </List>
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

function Unsupported({ text }: { readonly text: string }): ReactNode {
  return (
    <span className="unsupported" title={UNSUPPORTED}>
      {text}
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
