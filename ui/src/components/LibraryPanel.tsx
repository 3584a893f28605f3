/** The collection at hand: which one, what is being taken in, what it holds. */

import { type ReactNode, useRef, useState } from "react";
import type { Job } from "../client/types";
import { hasReadyDocuments, type Library, listedDocuments, uploadsHere } from "../state/library";
import { count } from "../text/words";
import { CollectionPicker } from "./CollectionPicker";
import { DocumentRow } from "./DocumentRow";
import { FileButton } from "./FileButton";
import { Icon, Mark } from "./icons";
import { UploadRow } from "./UploadRow";

interface Props {
  readonly library: Library;
  readonly canWrite: boolean; // false: it is only read
  readonly onChoose: (name: string) => void;
  readonly onCreate: (name: string) => Promise<void>;
  readonly onAdd: (files: readonly File[]) => void;
  readonly onAddAgain: (id: number) => void; // an upload
  readonly onDismiss: (source: string) => void;
  readonly onOpen: (documentId: string, title: string) => void;
  readonly onRemove: (documentId: string) => void;
  readonly onMore: () => void;
  readonly onRetry: () => void;
  readonly onAttemptAgain: (source: string) => void; // a file that could not be read
  readonly onReindex: () => void;
  readonly onDismissAction: () => void; // why what was done last has failed
  readonly conversations: ReactNode; // what the other tab shows; null: there is none
  readonly places: ReactNode; // the way to other pages
}

export function LibraryPanel(props: Props): ReactNode {
  const { library, canWrite } = props;
  const [isTalkChosen, setTalk] = useState(false);
  const isTalk = isTalkChosen && props.conversations !== null;
  return (
    <>
      <div className="brand">
        <Mark />
        <span>Grove</span>
      </div>
      <CollectionPicker
        collections={library.collections ?? []}
        collection={library.collection}
        onChoose={props.onChoose}
        onCreate={canWrite ? props.onCreate : null}
      />
      {canWrite && <Adding onAdd={props.onAdd} />}
      {library.error !== null && (
        <div className="notice failure">
          <p>
            <Icon name="alert" /> {library.error}
          </p>
          <button type="button" onClick={props.onRetry}>
            <Icon name="retry" /> Try again
          </button>
        </div>
      )}
      {library.failure !== null && (
        <div className="notice failure" role="alert">
          <p>
            <Icon name="alert" /> {library.failure}
          </p>
          <button type="button" onClick={props.onDismissAction}>
            <Icon name="close" /> Dismiss
          </button>
        </div>
      )}
      {props.conversations !== null && (
        <div className="views" role="group" aria-label="List">
          <button type="button" aria-pressed={!isTalk} onClick={() => setTalk(false)}>
            Documents
          </button>
          <button type="button" aria-pressed={isTalk} onClick={() => setTalk(true)}>
            Conversations
          </button>
        </div>
      )}
      {isTalk && props.conversations}
      {!isTalk && uploadsHere(library).length > 0 && <Uploads {...props} />}
      {!isTalk && <Documents {...props} />}
      {props.places}
      <p className="visually-hidden" role="status">
        {uploadsInWords(library)}
      </p>
    </>
  );
}

function Adding({ onAdd }: Pick<Props, "onAdd">): ReactNode {
  return (
    <>
      <FileButton className="add-documents" onFiles={onAdd}>
        <Icon name="upload" /> Add documents
      </FileButton>
      <p className="hint">
        or drop files and folders anywhere, or{" "}
        <FileButton className="link" isFolder onFiles={onAdd}>
          choose a folder
        </FileButton>
      </p>
    </>
  );
}

const MAX_WAITING = 4;

function Uploads({ library, onAddAgain, onAttemptAgain, onDismiss }: Props): ReactNode {
  const uploads = uploadsHere(library);
  const waiting = uploads.filter((upload) => upload.state === "waiting" || upload.state === "queued");
  const hidden = new Set(waiting.slice(MAX_WAITING));
  const numActive = uploads.filter((upload) => upload.state !== "failed").length;
  return (
    <>
      <h2 className="list-title">{numActive > 0 ? `Adding ${count(numActive, "file")}` : "Not added"}</h2>
      <ul className="rows" aria-label="Files being added">
        {uploads
          .filter((upload) => !hidden.has(upload))
          .map((upload) => (
            <UploadRow
              key={upload.id}
              upload={upload}
              onAddAgain={() => (upload.jobId === null ? onAddAgain(upload.id) : onAttemptAgain(upload.source))}
              onDismiss={() => onDismiss(upload.source)}
            />
          ))}
      </ul>
      {hidden.size > 0 && <p className="hint">and {count(hidden.size, "more file")} waiting</p>}
    </>
  );
}

function Documents({ library, canWrite, onOpen, onRemove, onDismiss, onMore, onAttemptAgain, onReindex }: Props): ReactNode {
  const listed = listedDocuments(library);
  const heading = useRef<HTMLHeadingElement>(null);
  const total = library.collections?.find((known) => known.name === library.collection)?.documents;
  if (library.documents === null) return library.error === null ? <p className="hint">Loading…</p> : null;
  if (listed.length === 0) {
    return uploadsHere(library).length === 0 ? <p className="hint empty-list">No documents yet.</p> : null;
  }
  return (
    <>
      <h2 className="list-title" ref={heading} tabIndex={-1}>
        Documents <span>{(total ?? listed.length).toLocaleString("en")}</span>
      </h2>
      <ul className="rows" aria-label="Documents">
        {listed.map((document) => (
          <DocumentRow
            key={document.document_id ?? `${document.status} ${document.source}`}
            document={document}
            canWrite={canWrite}
            onOpen={onOpen}
            onRemove={(documentId) => {
              heading.current?.focus({ preventScroll: true }); // the row that had the focus goes
              onRemove(documentId);
            }}
            onDismiss={() => onDismiss(document.source)}
            onAttemptAgain={() => onAttemptAgain(document.source)}
          />
        ))}
      </ul>
      {library.next !== null && (
        <button type="button" className="quiet" onClick={onMore}>
          Show more documents
        </button>
      )}
      {library.rebuilding !== null && <Rebuilding job={library.rebuilding} />}
      {library.rebuilding === null && canWrite && (
        <button type="button" className="quiet reindex" onClick={onReindex}>
          <Icon name="retry" /> Rebuild the index
        </button>
      )}
    </>
  );
}

/** Show how far a new index is; the present one answers until it is ready. */
function Rebuilding({ job }: { readonly job: Job }): ReactNode {
  const { chunks_done: done, chunks_total: total } = job;
  return (
    <div className="row-main">
      <progress aria-label="Rebuilding the index" max={1} {...(total > 0 ? { value: done / total } : {})} />
      <span className="row-state">
        Rebuilding the index: {done} of {count(total, "passage")}. The present one answers meanwhile.
      </span>
    </div>
  );
}

function uploadsInWords(library: Library): string {
  const uploads = uploadsHere(library);
  const numFailed = uploads.filter((upload) => upload.state === "failed").length;
  const numActive = uploads.length - numFailed;
  const failed = numFailed > 0 ? `${count(numFailed, "file")} could not be added. ` : "";
  if (numActive > 0) return `${failed}Adding ${count(numActive, "file")}.`;
  return hasReadyDocuments(library) ? `${failed}The documents are ready.` : failed;
}
