import { describe, expect, it } from "vitest";
import { ServerError } from "../src/client/errors";
import { batches, sendBatch } from "../src/state/batches";
import {
  hasReadyDocuments,
  isIndexing,
  isSending,
  type Library,
  library,
  type LibraryAction,
  listedDocuments,
  newLibrary,
  uploadsHere,
} from "../src/state/library";
import { job, summary } from "./samples";

const chosen: LibraryAction = {
  type: "files.chosen",
  files: [
    { id: 1, name: "oak.pdf", bytes: 100 },
    { id: 2, name: "elm.pdf", bytes: 50 },
  ],
};

function loaded(documents: ReturnType<typeof summary>[], next: string | null = null): LibraryAction {
  return { type: "documents.loaded", collection: "trees", wanted: 100, page: { documents, next } };
}

function after(...actions: LibraryAction[]): Library {
  return actions.reduce(library, newLibrary("trees"));
}

function sent(...files: Parameters<typeof job>[1][]): LibraryAction {
  return { type: "files.sent", ids: [1, 2], job: job("queued", ...files) };
}

describe("uploads", () => {
  it("share the sent bytes in the order in which they travel", () => {
    const { uploads } = after(chosen, { type: "files.sending", ids: [1, 2], sentBytes: 120 });
    expect(uploads.map((upload) => upload.sentBytes)).toEqual([100, 20]);
  });

  it("follow their job file by file, and leave when they are in", () => {
    const state = after(chosen, sent({ state: "done" }, { source: "elm.pdf", state: "running" }));
    expect(state.uploads).toMatchObject([{ name: "elm.pdf", state: "running" }]);
    expect(isIndexing(state)).toBe(true);
  });

  it("are known by what the server calls them, also when it has cleaned their names", () => {
    const files: LibraryAction = { type: "files.chosen", files: [{ id: 1, name: "e\u0301 \u200b.md", bytes: 1 }, { id: 2, name: "b.md", bytes: 1 }] };
    const running = summary({ document_id: null, source: "\u00e9 .md", status: "running" });
    const state = after(files, sent({ source: "\u00e9 .md", state: "running" }, { source: "b.md" }), loaded([running]));
    expect(uploadsHere(state)).toMatchObject([{ state: "running" }, { state: "queued" }]);
    expect(listedDocuments(state)).toEqual([]);
  });

  it("leave for what was in them when they were archives", () => {
    const files: LibraryAction = { type: "files.chosen", files: [{ id: 1, name: "all.zip", bytes: 1 }, { id: 2, name: "e\u0301.md", bytes: 1 }] };
    const parts = ["all.zip/a.md", "all.zip/b.md", "\u00e9.md"].map((source) => ({ source }));
    expect(uploadsHere(after(files, sent(...parts)))).toMatchObject([{ name: "e\u0301.md", source: "\u00e9.md" }]);
  });

  it("leave when the server skipped what it has already", () => {
    expect(after(chosen, sent({ state: "skipped" }, { source: "elm.pdf", state: "skipped" })).uploads).toEqual([]);
  });

  it("keep the reason of a failure until it is dismissed", () => {
    const over = job("done", { state: "done" }, { source: "elm.pdf", state: "failed", error: "no text" });
    const state = after(chosen, sent({}, { source: "elm.pdf" }), { type: "job.changed", job: over });
    expect(state.uploads).toMatchObject([{ name: "elm.pdf", state: "failed", error: "no text" }]);
    expect(isIndexing(state)).toBe(false);
    expect(library(state, { type: "failure.dismissed", source: "elm.pdf" }).uploads).toEqual([]);
  });

  it("fail together when their request fails", () => {
    const { uploads } = after(chosen, { type: "files.failed", ids: [1, 2], message: "too large" });
    expect(uploads.map((upload) => upload.error)).toEqual(["too large", "too large"]);
  });

  it("take the place of an earlier failure of the same file", () => {
    const again: LibraryAction = { type: "files.chosen", files: [{ id: 3, name: "elm.pdf", bytes: 50 }] };
    const { uploads } = after(chosen, { type: "files.failed", ids: [1, 2], message: "too large" }, again);
    expect(uploads.map(({ id, state }) => [id, state])).toEqual([
      [1, "failed"],
      [3, "waiting"],
    ]);
  });

  it("are shown in their collection, and go on while another is at hand", () => {
    const failed: LibraryAction = { type: "files.failed", ids: [1], message: "no space" };
    const elsewhere = after(chosen, { type: "collection.chosen", name: "books" }, failed);
    expect([uploadsHere(elsewhere), isIndexing(elsewhere), isSending(elsewhere)]).toEqual([[], false, true]);
    const other = library(elsewhere, { type: "files.chosen", files: [{ id: 3, name: "oak.pdf", bytes: 1 }] });
    const back = library(other, { type: "collection.chosen", name: "trees" });
    expect(uploadsHere(back)).toMatchObject([{ id: 1, error: "no space" }, { id: 2 }]);
  });
});

describe("documents", () => {
  const pending = summary({ document_id: null, source: "elm.pdf", status: "running" });

  it("of another collection are ignored", () => {
    const late: LibraryAction = { type: "documents.loaded", collection: "books", wanted: 100, page: { documents: [summary()], next: null } };
    expect(after(late).documents).toBeNull();
  });

  it("open the conversation only when one of them is ready", () => {
    expect(hasReadyDocuments(after(loaded([pending])))).toBe(false);
    expect(hasReadyDocuments(after(loaded([pending, summary()])))).toBe(true);
    expect(isIndexing(after(loaded([pending])))).toBe(true);
  });

  it("are not listed twice while they are uploads", () => {
    expect(listedDocuments(after(chosen, loaded([pending, summary()])))).toEqual([summary()]);
  });

  it("whose failure was dismissed are not listed", () => {
    const failed = summary({ document_id: null, source: "elm.pdf", status: "failed" });
    expect(listedDocuments(after(loaded([failed]), { type: "failure.dismissed", source: "elm.pdf" }))).toEqual([]);
  });

  it("of a list that was asked for before more were wanted are ignored", () => {
    const before = after(loaded([summary()], "oak.pdf"));
    const state = [{ type: "documents.wanted" } as const, loaded([], null)].reduce(library, before);
    expect(state).toMatchObject({ wanted: 200, documents: before.documents, next: "oak.pdf" });
  });

  it("disappear at once when they are deleted", () => {
    expect(after(loaded([summary()]), { type: "document.deleted", documentId: "d1" }).documents).toEqual([]);
  });
});

describe("what was done and failed", () => {
  const rereads: LibraryAction[] = [{ type: "collections.loaded", collections: [] }, loaded([summary()])];

  it("says why until the next is done or it is dismissed, however often the library is read", () => {
    const state = after({ type: "action.failed", message: "the index is being rebuilt" }, ...rereads);
    expect(state.failure).toBe("the index is being rebuilt");
    expect(library(state, { type: "action.began" }).failure).toBeNull();
    expect(library(state, { type: "action.dismissed" }).failure).toBeNull();
  });

  it("is a rebuilding too, and another one that goes on hides nothing", () => {
    const over = { ...job("failed"), kind: "reindex", error: "no space" };
    const state = after({ type: "index.rebuilding", job: over }, ...rereads, { type: "index.rebuilding", job: job("running") });
    expect(state).toMatchObject({ failure: "no space", error: null, rebuilding: { state: "running" } });
  });
});

describe("batches", () => {
  it("keep the order and respect both limits", () => {
    const files = [...Array.from({ length: 25 }, () => ({ size: 1 })), { size: 40_000_000 }, { size: 1 }];
    const result = batches(files);
    expect(result.map((batch) => batch.length)).toEqual([20, 5, 1, 1]);
    expect(result.flat()).toEqual(files);
  });

  const sent = async (files: readonly number[], limit: number, status: number) => {
    const requests: number[][] = [];
    const failed: number[][] = [];
    const send = async (part: readonly number[]): Promise<void> => {
      requests.push([...part]);
      if (part.reduce((sum, size) => sum + size, 0) > limit) throw new ServerError(status, "no");
    };
    await sendBatch(files, send, (part) => void failed.push([...part]));
    return { requests, failed };
  };

  it("that are refused go file by file, so that only what is too large fails", async () => {
    expect(await sent([1, 9, 2], 5, 413)).toEqual({ requests: [[1, 9, 2], [1], [9], [2]], failed: [[9]] });
    expect(await sent([1, 9], 5, 0)).toEqual({ requests: [[1, 9], [1], [9]], failed: [[9]] });
    expect(await sent([9], 5, 413)).toEqual({ requests: [[9]], failed: [[9]] });
  });

  it("fail together where sending them apart is of no use", async () => {
    expect(await sent([1, 9], 5, 403)).toEqual({ requests: [[1, 9]], failed: [[1, 9]] });
    expect(await sent([1, 9], 5, 503)).toEqual({ requests: [[1, 9]], failed: [[1, 9]] });
  });
});
