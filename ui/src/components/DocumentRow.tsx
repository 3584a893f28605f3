/** One document of the collection: opens it, and deletes it after asking. */

import { type ReactNode, useEffect, useRef, useState } from "react";
import type { DocumentSummary } from "../client/types";
import { count } from "../text/words";
import { Icon } from "./icons";
import { RowError } from "./UploadRow";

interface Props {
  readonly document: DocumentSummary;
  readonly canWrite: boolean;
  readonly onOpen: (documentId: string, title: string) => void;
  readonly onRemove: (documentId: string) => void;
  readonly onDismiss: () => void; // of a failure
  readonly onAttemptAgain: () => void; // to read a file
}

export function DocumentRow({ document, canWrite, onOpen, onRemove, onDismiss, onAttemptAgain }: Props): ReactNode {
  const [isAsking, setAsking] = useState(false);
  const [wasKept, setKept] = useState(false);
  const { document_id: id, source, status, chunks } = document;
  const name = document.title || source;
  const keep = (): void => {
    setAsking(false);
    setKept(true); // the focus goes back to where the question came from
  };
  if (id === null) return <PendingRow document={document} canWrite={canWrite} onDismiss={onDismiss} onAttemptAgain={onAttemptAgain} />;
  if (isAsking) return <Question name={name} onRemove={() => onRemove(id)} onKeep={keep} />;
  return (
    <li className="row">
      <span className="row-icon">
        <Icon name="document" />
      </span>
      <span className="row-main">
        <button type="button" className="row-name" title={source} onClick={() => onOpen(id, name)}>
          {name}
        </button>
        <span className="row-state">{status === "ready" ? count(chunks, "passage") : status}</span>
      </span>
      {canWrite && (
        <button
          type="button"
          className="icon-button row-remove"
          aria-label={`Delete ${name}`}
          autoFocus={wasKept}
          onClick={() => setAsking(true)}
        >
          <Icon name="remove" />
        </button>
      )}
    </li>
  );
}

/** A file of a job that is not in yet, or could not be taken in. */
function PendingRow({ document, canWrite, onDismiss, onAttemptAgain }: Pick<Props, "document" | "canWrite" | "onDismiss" | "onAttemptAgain">): ReactNode {
  const { source, status, error } = document;
  const isFailed = status === "failed";
  return (
    <li className={isFailed ? "row failed" : "row"}>
      <span className="row-icon">
        <Icon name={isFailed ? "alert" : "document"} />
      </span>
      <span className="row-main">
        <span className="row-name" title={source}>
          {source}
        </span>
        {isFailed ? (
          <RowError message={error ?? "The file could not be read."} />
        ) : (
          <>
            <progress aria-label={`Adding ${source}`} max={1} {...(status === "queued" ? { value: 0 } : {})} />
            <span className="row-state">{status === "queued" ? "Waiting to be indexed" : "Indexing…"}</span>
          </>
        )}
      </span>
      {isFailed && canWrite && (
        <button type="button" className="icon-button" aria-label={`Try ${source} again`} onClick={onAttemptAgain}>
          <Icon name="retry" />
        </button>
      )}
      {isFailed && (
        <button type="button" className="icon-button" aria-label={`Dismiss ${source}`} onClick={onDismiss}>
          <Icon name="close" />
        </button>
      )}
    </li>
  );
}

interface QuestionProps {
  readonly name: string;
  readonly onRemove: () => void;
  readonly onKeep: () => void;
}

function Question({ name, onRemove, onKeep }: QuestionProps): ReactNode {
  const keep = useRef<HTMLButtonElement>(null);
  useEffect(() => keep.current?.focus(), []); // the harmless one
  return (
    <li className="row asking">
      <span className="row-main">
        <span>Delete “{name}” and all its passages?</span>
        <span className="row-choices">
          <button type="button" className="danger" onClick={onRemove}>
            Delete
          </button>
          <button type="button" ref={keep} onClick={onKeep} onKeyDown={(event) => event.key === "Escape" && onKeep()}>
            Keep
          </button>
        </span>
      </span>
    </li>
  );
}
