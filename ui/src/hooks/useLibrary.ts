import { useCallback, useEffect, useReducer, useRef } from "react";
import type { Client } from "../client/client";
import { messageOf, ServerError } from "../client/errors";
import type { FileStatus, Job } from "../client/types";
import { keepDismissed, withoutDismissed } from "../dismissed";
import type { Dropped } from "../files";
import { batches, sendBatch } from "../state/batches";
import { isIndexing, isSending, type Library, library, newLibrary } from "../state/library";

const FIRST_MILLISECONDS = 700; // between two looks at what goes on, more and more while nothing ends
const MOST_MILLISECONDS = 5000;
const GROWTH = 1.3;
const RECENT_JOBS = 100;
const MOST_NAMED = 5;

interface Chosen {
  readonly id: number;
  readonly file: File;
  readonly size: number;
}

export interface LibraryActions {
  readonly choose: (name: string) => void;
  readonly create: (name: string) => Promise<void>;
  readonly add: (files: readonly File[]) => void;
  readonly addDropped: (dropped: Dropped) => void;
  readonly addAgain: (id: number) => void; // a file that did not reach the server
  readonly remove: (documentId: string) => void;
  readonly dismiss: (source: string) => void;
  readonly loadMore: () => void;
  readonly attemptAgain: (source: string) => void; // a file that could not be read
  readonly reindex: () => void;
  readonly dismissAction: () => void; // why what was done last has failed
  readonly refresh: () => void;
}

/** Connect the library's state with the server: collections, documents, uploads and their jobs; read anew whenever `version` changes. */
export function useLibrary(client: Client, first: string, version = ""): [Library, LibraryActions] {
  const [state, dispatch] = useReducer(library, first, newLibrary);
  const lastId = useRef(0);
  const files = useRef(new Map<number, File>()); // by the upload's id, as long as sending them again may be asked for
  const { collection, wanted } = state;

  const refresh = useCallback(async () => {
    try {
      const collections = await client.collections();
      dispatch({ type: "collections.loaded", collections });
      const isKnown = collections.some((known) => known.name === collection);
      const page = isKnown ? await client.documents(collection, wanted) : { documents: [], next: null };
      dispatch({ type: "documents.loaded", collection, wanted, page: { ...page, documents: withoutDismissed(collection, page.documents) } });
    } catch (error) {
      dispatch({ type: "failed", message: messageOf(error) });
    }
  }, [client, collection, wanted]);

  useEffect(() => void refresh(), [refresh, version]);
  useLooking(client, state, dispatch, refresh);
  useWarning(isSending(state));

  const add = async (added: readonly File[]): Promise<void> => {
    const chosen: readonly Chosen[] = added.map((file) => ({ id: ++lastId.current, file, size: file.size }));
    for (const { id, file } of chosen) files.current.set(id, file);
    const rows = chosen.map(({ id, file }) => ({ id, name: file.name, bytes: file.size }));
    dispatch({ type: "files.chosen", files: rows });
    const send = async (batch: readonly Chosen[]): Promise<void> => {
      const ids = batch.map(({ id }) => id);
      dispatch({ type: "files.sending", ids, sentBytes: 0 });
      const job = await client.upload(
        collection,
        batch.map(({ file }) => file),
        (sentBytes) => dispatch({ type: "files.sending", ids, sentBytes }),
      );
      dispatch({ type: "files.sent", ids, job });
      for (const id of ids) files.current.delete(id);
    };
    const failed = async (batch: readonly Chosen[], error: unknown): Promise<void> =>
      dispatch({ type: "files.failed", ids: batch.map(({ id }) => id), message: await reasonOf(client, error) });
    for (const batch of batches(chosen)) await sendBatch(batch, send, failed);
    await refresh();
  };

  const attempt = async (work: Promise<void>): Promise<void> => {
    dispatch({ type: "action.began" });
    try {
      await work;
      await refresh();
    } catch (error) {
      dispatch({ type: "action.failed", message: messageOf(error) });
    }
  };

  const choose = useCallback((name: string) => dispatch({ type: "collection.chosen", name }), []);
  return [
    state,
    {
      choose,
      create: async (name) => {
        await client.createCollection(name);
        dispatch({ type: "collection.chosen", name });
      },
      add: (added) => void add(added),
      addDropped: ({ files, unread }) => {
        if (files.length > 0) void add(files);
        if (unread.length > 0) dispatch({ type: "action.failed", message: `Not read by the browser: ${named(unread)}.` });
      },
      addAgain: (id) => {
        const file = files.current.get(id);
        files.current.delete(id);
        if (file !== undefined) void add([file]);
      },
      remove: (documentId) => {
        // It is off the list once it is off the server: who leaves the page then has deleted it.
        void attempt(client.deleteDocument(documentId).then(() => dispatch({ type: "document.deleted", documentId })));
      },
      dismiss: (source) => {
        const failure = state.documents?.find((known) => known.source === source && known.status === "failed");
        if (failure !== undefined) keepDismissed(collection, failure); // else it has not reached the server
        dispatch({ type: "failure.dismissed", source });
      },
      attemptAgain: (source) => void attempt(retried(client, collection, source, dispatch)),
      reindex: () => void attempt(client.reindex(collection).then((job) => dispatch({ type: "index.rebuilding", job }))),
      dismissAction: () => dispatch({ type: "action.dismissed" }),
      loadMore: () => dispatch({ type: "documents.wanted" }),
      refresh: () => void refresh(),
    },
  ];
}

/** Name a few. */
function named(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  return names.slice(0, MOST_NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

const HUNG_UP = "The connection broke off while this was sent, though Grove answers: it may be too large for this server.";

/** Say why files did not arrive. Of a server that refuses a large file and hangs up, the browser may hear the latter alone. */
async function reasonOf(client: Client, error: unknown): Promise<string> {
  const message = messageOf(error);
  if (!(error instanceof ServerError) || error.status !== 0) return message;
  return client.me().then(
    () => HUNG_UP,
    () => message,
  );
}

/** Try a file again, in the job that failed with it. */
async function retried(client: Client, collection: string, source: string, dispatch: Dispatch): Promise<void> {
  const isGuilty = (file: FileStatus): boolean => file.source === source && file.state === "failed";
  const job = (await client.jobs(RECENT_JOBS)).find((known) => known.collection === collection && known.files.some(isGuilty));
  if (job === undefined) throw new Error(`The job that failed with ${source} is no longer known; add the file again.`);
  await client.retryJob(job.job_id);
  dispatch({ type: "file.retried", source, jobId: job.job_id });
}

type Dispatch = (action: Parameters<typeof library>[1]) => void;

async function attemptOnly(work: Promise<void>, dispatch: Dispatch): Promise<void> {
  try {
    await work;
  } catch (error) {
    dispatch({ type: "failed", message: messageOf(error) });
  }
}

/** Let the browser ask before the page is left, which would lose files. */
function useWarning(isNeeded: boolean): void {
  useEffect(() => {
    if (!isNeeded) return;
    const warn = (event: Event): void => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [isNeeded]);
}

/** Ask the server how far it is: again and again while files are being taken in, and when the page comes into view. */
function useLooking(client: Client, state: Library, dispatch: Dispatch, refresh: () => Promise<void>): void {
  const rebuilding = state.rebuilding?.job_id ?? null;
  const waited = state.uploads.filter(isWaited);
  const jobs = [...new Set([...waited.map(({ jobId }) => jobId), rebuilding])].filter((id) => id !== null);
  const isActive = isIndexing(state) || jobs.length > 0;
  const files = jobs.length > 1 ? [] : waited.map(({ id }) => id); // many jobs tell of many files: a look costs more
  const expected = [...files, ...jobs].join(); // changes whenever a job ends, or a file that was sent with the only one
  const newest = useRef({ jobs, rebuilding, expected });
  newest.current = { jobs, rebuilding, expected };
  useEffect(() => {
    let isCurrent = true;
    let timer: ReturnType<typeof setTimeout>;
    let [milliseconds, before] = [FIRST_MILLISECONDS, ""];
    const again = (): void => {
      clearTimeout(timer);
      if (isCurrent && isActive && !document.hidden) timer = setTimeout(() => void look(), milliseconds);
    };
    const look = async (): Promise<void> => {
      const { jobs, rebuilding, expected } = newest.current;
      const take = (job: Job): void => dispatch({ type: job.job_id === rebuilding ? "index.rebuilding" : "job.changed", job });
      await askAfter(client, jobs, take, dispatch);
      await refresh();
      milliseconds = expected === before ? Math.min(GROWTH * milliseconds, MOST_MILLISECONDS) : FIRST_MILLISECONDS;
      before = expected;
      again();
    };
    const onSeen = (): void => void (document.hidden || look());
    document.addEventListener("visibilitychange", onSeen);
    again();
    return () => {
      isCurrent = false;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onSeen);
    };
  }, [client, isActive, dispatch, refresh]);
}

/** Ask how jobs fare, of several in one request: they are among the newest, unless others have added many since. */
async function askAfter(client: Client, jobs: readonly string[], take: (job: Job) => void, dispatch: Dispatch): Promise<void> {
  const rest = new Set(jobs);
  const taken = (job: Job): void => {
    if (rest.delete(job.job_id)) take(job);
  };
  if (jobs.length > 1) await attemptOnly(client.jobs(jobs.length).then((newest) => newest.forEach(taken)), dispatch);
  for (const id of [...rest]) await attemptOnly(client.job(id).then(taken), dispatch);
}

function isWaited(upload: Library["uploads"][number]): boolean {
  return upload.jobId !== null && upload.state !== "failed";
}
