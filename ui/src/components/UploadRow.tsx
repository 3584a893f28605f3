import type { ReactNode } from "react";
import type { Upload } from "../state/library";
import { size } from "../text/words";
import { Icon } from "./icons";

interface Props {
  readonly upload: Upload;
  readonly onAddAgain: () => void;
  readonly onDismiss: () => void;
}

/** Show one file on its way in: how far it is, or why it could not be added. */
export function UploadRow({ upload, onAddAgain, onDismiss }: Props): ReactNode {
  const isFailed = upload.state === "failed";
  return (
    <li className={isFailed ? "row failed" : "row"}>
      <span className="row-icon">
        <Icon name={isFailed ? "alert" : "document"} />
      </span>
      <span className="row-main">
        <span className="row-name" title={upload.name}>
          {upload.name}
        </span>
        {isFailed ? <RowError message={upload.error} /> : <Progress upload={upload} />}
      </span>
      {isFailed && (
        <button type="button" className="icon-button" aria-label={`Try ${upload.name} again`} onClick={onAddAgain}>
          <Icon name="retry" />
        </button>
      )}
      {isFailed && (
        <button type="button" className="icon-button" aria-label={`Dismiss ${upload.name}`} onClick={onDismiss}>
          <Icon name="close" />
        </button>
      )}
    </li>
  );
}

/** Say why a file could not be added; a long reason is cut where it is not asked for. */
export function RowError({ message }: { readonly message: string | null }): ReactNode {
  return (
    <span className="row-error" title={message ?? undefined}>
      {message}
    </span>
  );
}

function Progress({ upload }: { readonly upload: Upload }): ReactNode {
  const { state, sentBytes, bytes } = upload;
  // Without a value the bar says only that something goes on: indexing has no known length.
  const value = state === "running" ? {} : { value: bytes === 0 ? 0 : sentBytes / bytes };
  return (
    <>
      <progress aria-label={`Adding ${upload.name}`} max={1} {...value} />
      <span className="row-state">{stateInWords(upload)}</span>
    </>
  );
}

function stateInWords({ state, sentBytes, bytes }: Upload): string {
  switch (state) {
    case "waiting":
      return `Waiting · ${size(bytes)}`;
    case "sending":
      return `Uploading ${bytes === 0 ? 100 : Math.round((sentBytes / bytes) * 100)}% of ${size(bytes)}`;
    case "queued":
      return "Uploaded, waiting to be indexed";
    case "running":
      return "Indexing…";
    case "failed":
      return "Failed";
  }
}
