/** Collections, documents and uploads as a pure function of what happened; knows nothing of the network. */

import type { Collection, DocumentPage, DocumentSummary, FileStatus, Job } from "../client/types";
import { count } from "../text/words";

export type UploadState = "waiting" | "sending" | "queued" | "running" | "failed";

export interface Upload {
  readonly id: number;
  readonly collection: string;
  readonly name: string;
  readonly source: string; // as the server calls it, which may have cleaned the name
  readonly bytes: number;
  readonly sentBytes: number;
  readonly state: UploadState;
  readonly jobId: string | null;
  readonly error: string | null;
}

export interface Library {
  readonly collections: readonly Collection[] | null; // null until the server has answered
  readonly collection: string;
  readonly documents: readonly DocumentSummary[] | null;
  readonly wanted: number; // how many documents are to be listed
  readonly next: string | null; // where the list of documents goes on
  readonly uploads: readonly Upload[]; // of all collections
  readonly dismissed: readonly string[]; // sources of files whose failure has been seen
  readonly rebuilding: Job | null; // the job that makes a new index
  readonly error: string | null; // why it could not be read; reading it again clears it
  readonly failure: string | null; // of what was done last, until the next thing is done or it is dismissed
}

export interface ChosenFile {
  readonly id: number;
  readonly name: string;
  readonly bytes: number;
}

export type LibraryAction =
  | { readonly type: "collections.loaded"; readonly collections: readonly Collection[] }
  | { readonly type: "collection.chosen"; readonly name: string }
  | { readonly type: "documents.loaded"; readonly collection: string; readonly wanted: number; readonly page: DocumentPage }
  | { readonly type: "documents.wanted" } // more of them
  | { readonly type: "document.deleted"; readonly documentId: string }
  | { readonly type: "files.chosen"; readonly files: readonly ChosenFile[] }
  | { readonly type: "files.sending"; readonly ids: readonly number[]; readonly sentBytes: number }
  | { readonly type: "files.sent"; readonly ids: readonly number[]; readonly job: Job }
  | { readonly type: "files.failed"; readonly ids: readonly number[]; readonly message: string }
  | { readonly type: "job.changed"; readonly job: Job }
  | { readonly type: "file.retried"; readonly source: string; readonly jobId: string }
  | { readonly type: "index.rebuilding"; readonly job: Job }
  | { readonly type: "failure.dismissed"; readonly source: string }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "action.began" }
  | { readonly type: "action.failed"; readonly message: string }
  | { readonly type: "action.dismissed" };

const STEP = 100; // so many documents are listed, and so many more each time that more are wanted

/** Give the library of a page that has just been opened. */
export function newLibrary(collection: string): Library {
  return { collections: null, collection, documents: null, wanted: STEP, next: null, uploads: [], dismissed: [], rebuilding: null, error: null, failure: null };
}

/** Give the library after an action. */
export function library(state: Library, action: LibraryAction): Library {
  switch (action.type) {
    case "collections.loaded":
      return { ...state, collections: action.collections, error: null };
    case "collection.chosen":
      if (action.name === state.collection) return state;
      return { ...state, collection: action.name, documents: null, wanted: STEP, next: null, dismissed: [], rebuilding: null, error: null, failure: null };
    case "documents.loaded":
      // What answers an earlier question changes nothing.
      if (action.collection !== state.collection || action.wanted !== state.wanted) return state;
      return { ...state, documents: action.page.documents, next: action.page.next, error: null };
    case "documents.wanted":
      return { ...state, wanted: state.wanted + STEP };
    case "document.deleted":
      return {
        ...state,
        documents: state.documents?.filter((known) => known.document_id !== action.documentId) ?? null,
      };
    case "failed":
      return { ...state, error: action.message };
    case "action.failed":
      return { ...state, failure: action.message };
    case "action.began":
    case "action.dismissed":
      return { ...state, failure: null };
    case "index.rebuilding":
      return { ...state, rebuilding: isOver(action.job) ? null : action.job, failure: action.job.error ?? state.failure };
    case "file.retried":
      return {
        ...state,
        uploads: state.uploads.map((upload) =>
          isHere(state, upload) && upload.source === action.source ? { ...upload, state: "queued", jobId: action.jobId, error: null } : upload,
        ),
      };
    case "failure.dismissed":
      return {
        ...state,
        uploads: state.uploads.filter((upload) => !isHere(state, upload) || upload.source !== action.source || upload.state !== "failed"),
        dismissed: [...state.dismissed, action.source],
      };
    case "files.chosen": {
      const names = action.files.map((file) => file.name);
      return {
        ...state,
        // A file that is sent again takes the place of its failure.
        uploads: [
          ...state.uploads.filter((upload) => !isHere(state, upload) || !names.includes(upload.name)),
          ...action.files.map((file) => newUpload(file, state.collection)),
        ],
        dismissed: state.dismissed.filter((name) => !names.includes(name)),
      };
    }
    default:
      return { ...state, uploads: uploadsAfter(state.uploads, action) };
  }
}

/** Give the uploads of the collection at hand. */
export function uploadsHere(state: Library): readonly Upload[] {
  return state.uploads.filter((upload) => isHere(state, upload));
}

/** Say whether files would be lost if the page went now. */
export function isSending({ uploads }: Library): boolean {
  return uploads.some(({ state }) => state === "waiting" || state === "sending");
}

/** Say whether a question can find anything. */
export function hasReadyDocuments(state: Library): boolean {
  const counted = state.collections?.find((known) => known.name === state.collection)?.chunks ?? 0;
  return counted > 0 || (state.documents?.some((known) => known.status === "ready") ?? false);
}

/** Say whether the server still has files of this collection to take in. */
export function isIndexing(state: Library): boolean {
  const isUnderWay = (known: DocumentSummary): boolean => known.status === "queued" || known.status === "running";
  return uploadsHere(state).some((upload) => upload.state !== "failed") || (state.documents?.some(isUnderWay) ?? false);
}

/** Say of a collection that is being taken in what can be asked about already; null when all of it can. */
export function readiness(state: Library): string | null {
  if (!isIndexing(state) || !hasReadyDocuments(state)) return null;
  const ready = state.documents?.filter((known) => known.status === "ready").length ?? 0;
  const coming = new Set([
    ...uploadsHere(state).filter((upload) => upload.state !== "failed").map(({ source }) => source),
    ...(state.documents ?? []).filter(({ status }) => status === "queued" || status === "running").map(({ source }) => source),
  ]).size;
  const atLeast = state.next === null ? "" : "at least ";
  return `Answers come from what is ready: ${atLeast}${count(ready, "document")}; ${coming} more on the way.`;
}

/** Give the documents, without those that an upload row shows already and those whose failure was dismissed. */
export function listedDocuments(state: Library): readonly DocumentSummary[] {
  const shown = new Set([...uploadsHere(state).map(({ source }) => source), ...state.dismissed]);
  const isShown = ({ status, source }: DocumentSummary): boolean => status !== "ready" && shown.has(source);
  return state.documents?.filter((known) => !isShown(known)) ?? [];
}

type UploadAction = Extract<
  LibraryAction,
  { type: "files.sending" | "files.sent" | "files.failed" | "job.changed" }
>;

function uploadsAfter(uploads: readonly Upload[], action: UploadAction): readonly Upload[] {
  switch (action.type) {
    case "files.sending":
      return spreadBytes(uploads, action.ids, action.sentBytes);
    case "files.sent":
      return afterJob(afterSending(uploads, action), action.job);
    case "files.failed":
      return uploads.map((upload) =>
        action.ids.includes(upload.id) ? { ...upload, state: "failed", error: action.message } : upload,
      );
    case "job.changed":
      return afterJob(uploads, action.job);
  }
}

function isHere({ collection }: Library, upload: Upload): boolean {
  return upload.collection === collection;
}

function newUpload({ id, name, bytes }: ChosenFile, collection: string): Upload {
  return { id, collection, name, source: name, bytes, sentBytes: 0, state: "waiting", jobId: null, error: null };
}

/** Give the sent bytes of one request to its files: they travel one after the other. */
function spreadBytes(uploads: readonly Upload[], ids: readonly number[], sentBytes: number): readonly Upload[] {
  let rest = sentBytes;
  return uploads.map((upload) => {
    if (!ids.includes(upload.id)) return upload;
    const sent = Math.min(upload.bytes, rest);
    rest -= sent;
    return { ...upload, state: "sending", sentBytes: sent };
  });
}

/** Name the uploads as their job does, in the order in which they were sent. An archive goes: what was in it is listed. */
function afterSending(uploads: readonly Upload[], { ids, job }: Extract<UploadAction, { type: "files.sent" }>): readonly Upload[] {
  const isWhole = job.files.length === ids.length;
  return uploads.flatMap((upload): readonly Upload[] => {
    if (!ids.includes(upload.id)) return [upload];
    const cleaned = upload.name.normalize();
    const file = isWhole ? job.files[ids.indexOf(upload.id)] : job.files.find(({ source }) => source === cleaned);
    return file === undefined ? [] : [{ ...upload, source: file.source, state: "queued", jobId: job.job_id }];
  });
}

function isOver(job: Job): boolean {
  return ["done", "failed", "cancelled"].includes(job.state);
}

/** Bring the uploads of a job up to date; what is done leaves, and the list of documents shows it. */
function afterJob(uploads: readonly Upload[], job: Job): readonly Upload[] {
  return uploads.flatMap((upload): readonly Upload[] => {
    if (upload.jobId !== job.job_id) return [upload];
    return afterStatus(upload, job.files.find(({ source }) => source === upload.source), isOver(job));
  });
}

function afterStatus(upload: Upload, status: FileStatus | undefined, hasEnded: boolean): readonly Upload[] {
  const state = status?.state;
  if (state === "failed") return [{ ...upload, state, error: status?.error ?? "The file could not be read." }];
  if (state === "done" || state === "skipped" || hasEnded) return [];
  return [{ ...upload, state: state === "running" ? state : "queued" }];
}
