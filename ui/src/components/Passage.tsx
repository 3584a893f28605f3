/** A passage in its document: where it stands, how well it supports where it is cited, the words themselves. */

import { Fragment, type ReactNode, useEffect, useRef, useState } from "react";
import { messageOf } from "../client/errors";
import type { Place, StoredDocument } from "../client/types";
import { type Excerpt, excerpt, holdsQuote, type Reach } from "../text/excerpt";
import { Icon } from "./icons";
import { Relevance } from "./Relevance";

const CITATION_REACH: Reach = { before: 1500, after: 1500 };
const DOCUMENT_REACH: Reach = { before: 0, after: 6000 };
const MORE = 6000;

export interface PassageProps {
  readonly title: string;
  readonly label: string; // what it is: a source, the closest passage, a document
  readonly citation: Place | null; // null: the document alone was opened
  readonly number: number;
  readonly total: number;
  readonly document: StoredDocument | null; // null while it loads
  readonly error: string | null;
  readonly isGone: boolean; // the document was deleted: trying again is of no use
  readonly page: ReactNode; // the page as it looks; null where there is no picture of it
  readonly onRetry: () => void;
  readonly onTurnTo: (number: number) => void;
  readonly onSave: (() => Promise<void>) | null; // null: the file is not kept
  readonly onClose: () => void;
}

export function Passage(props: PassageProps): ReactNode {
  const { citation, document, error, title, page } = props;
  const [isText, setText] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const key = citation === null ? (document?.document_id ?? "") : `${props.number} ${citation.chunk_id} ${citation.start}`;
  useEffect(() => heading.current?.focus(), [key]);
  const source = citation?.source ?? document?.source ?? "";
  return (
    <>
      <PassageBar {...props} />
      <div className="passage-head">
        <h2 ref={heading} tabIndex={-1}>
          {title}
        </h2>
        <p className="passage-place">
          {source !== title && <span className="passage-source">{source}</span>}
          {citation?.page != null && <span>Page {citation.page}</span>}
          {citation?.relevance !== undefined && <Relevance value={citation.relevance} />}
          {props.onSave !== null && <SaveButton onSave={props.onSave} />}
        </p>
        {page !== null && <Views isText={isText} onChange={setText} />}
      </div>
      {error !== null && <Problem citation={citation} message={props.isGone ? null : error} onRetry={props.onRetry} />}
      {error === null && document === null && <p className="passage-note">Opening the document…</p>}
      {page !== null && !isText && <Fragment key={key}>{page}</Fragment>}
      {document !== null && (page === null || isText) && <Text key={key} document={document} citation={citation} />}
    </>
  );
}

/** Choose between the page as it looks and its text. */
function Views({ isText, onChange }: { readonly isText: boolean; readonly onChange: (isText: boolean) => void }): ReactNode {
  return (
    <div className="views" role="group" aria-label="Show the document as">
      <button type="button" aria-pressed={!isText} onClick={() => onChange(false)}>
        Page
      </button>
      <button type="button" aria-pressed={isText} onClick={() => onChange(true)}>
        Text
      </button>
    </div>
  );
}

function SaveButton({ onSave }: { readonly onSave: () => Promise<void> }): ReactNode {
  const [error, setError] = useState<string | null>(null);
  const save = (): void => {
    setError(null);
    onSave().catch((problem: unknown) => setError(messageOf(problem)));
  };
  return (
    <>
      <button type="button" className="link" onClick={save}>
        Download the file
      </button>
      <span className="field-error" role="alert">
        {error}
      </span>
    </>
  );
}

function PassageBar({ label, citation, number, total, onTurnTo, onClose }: PassageProps): ReactNode {
  return (
    <div className="passage-bar">
      <span className="passage-count">{label}</span>
      {citation !== null && total > 1 && (
        <>
          <button
            type="button"
            className="icon-button"
            aria-label="Previous source"
            aria-disabled={number === 1}
            onClick={() => number > 1 && onTurnTo(number - 1)}
          >
            <Icon name="previous" />
          </button>
          <button
            type="button"
            className="icon-button"
            aria-label="Next source"
            aria-disabled={number === total}
            onClick={() => number < total && onTurnTo(number + 1)}
          >
            <Icon name="next" />
          </button>
        </>
      )}
      <button type="button" className="icon-button" aria-label="Close the panel" onClick={onClose}>
        <Icon name="close" />
      </button>
    </div>
  );
}

function Text({ document, citation }: { readonly document: StoredDocument; readonly citation: Place | null }): ReactNode {
  const [reach, setReach] = useState(citation === null ? DOCUMENT_REACH : CITATION_REACH);
  const container = useRef<HTMLDivElement>(null);
  useEffect(() => {
    container.current?.querySelector("mark")?.scrollIntoView({ block: "center" });
  }, []);
  if (citation !== null && !holdsQuote(document, citation.start, citation.end, citation.quote)) {
    return <Quote citation={citation} note="The document has changed since this answer. This is what it said:" />;
  }
  const shown = excerpt(document, citation?.start ?? 0, citation?.end ?? 0, reach);
  return (
    <div className="passage-text" ref={container} tabIndex={0} role="region" aria-label="Text of the document">
      {shown.hasBefore && (
        <button type="button" className="quiet" onClick={() => setReach({ ...reach, before: reach.before + MORE })}>
          Show what comes before
        </button>
      )}
      <Parts parts={shown.parts} />
      {shown.hasAfter && (
        <button type="button" className="quiet" onClick={() => setReach({ ...reach, after: reach.after + MORE })}>
          Show more
        </button>
      )}
    </div>
  );
}

function Parts({ parts }: { readonly parts: Excerpt["parts"] }): ReactNode {
  return (
    <div className="document-text">
      {parts.map((part, at) => {
        if (part.kind === "page") {
          return (
            <span key={at} className="page-break">
              Page {part.page}
            </span>
          );
        }
        return part.kind === "quote" ? <mark key={at}>{part.text}</mark> : <span key={at}>{part.text}</span>;
      })}
    </div>
  );
}

function Problem({
  citation,
  message,
  onRetry,
}: {
  readonly citation: Place | null;
  readonly message: string | null; // null: the document was deleted
  readonly onRetry: () => void;
}): ReactNode {
  return (
    <>
      {message === null ? (
        <div className="notice">
          <p>This document is no longer in the library.</p>
        </div>
      ) : (
        <div className="notice failure">
          <p>
            <Icon name="alert" /> The document could not be opened: {message}
          </p>
          <button type="button" onClick={onRetry}>
            <Icon name="retry" /> Try again
          </button>
        </div>
      )}
      {citation !== null && <Quote citation={citation} note="This is what it said:" />}
    </>
  );
}

function Quote({ citation, note }: { readonly citation: Place; readonly note: string }): ReactNode {
  return (
    <div className="passage-text">
      <p className="passage-note">{note}</p>
      <div className="document-text">
        <mark>{citation.quote}</mark>
      </div>
    </div>
  );
}
