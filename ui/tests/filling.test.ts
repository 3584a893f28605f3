import { act } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Client } from "../src/client/client";
import type { DocumentSummary } from "../src/client/types";
import { type LibraryActions, useLibrary } from "../src/hooks/useLibrary";
import type { Library } from "../src/state/library";
import { hooked } from "./hooks";
import { job, summary } from "./samples";

type Filling = { readonly current: [Library, LibraryActions] };

const page = { hidden: false, addEventListener: vi.fn(), removeEventListener: vi.fn() };

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("document", Object.assign(page, { hidden: false }));
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", { getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, text: string) => kept.set(name, text) });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Give the library of a server that has the collections "trees" and "books". */
async function filling(changes: Partial<Record<keyof Client, unknown>>): Promise<Filling> {
  const client = {
    collections: async () => ["trees", "books"].map((name) => ({ name })),
    documents: async () => ({ documents: [], next: null }),
    ...changes,
  };
  return hooked(() => useLibrary(client as unknown as Client, "trees"));
}

it("lists every document that was in view, and those that have come between them", async () => {
  const stored: DocumentSummary[] = [];
  const store = (...numbers: number[]): void => {
    stored.push(...numbers.map((number) => summary({ document_id: `${number}`, source: `${number + 1000}` })));
    stored.sort((left, right) => (left.source < right.source ? -1 : 1));
  };
  const documents = async (_: string, wanted: number) => ({
    documents: stored.slice(0, wanted),
    next: stored.length > wanted ? (stored[wanted - 1]?.source ?? null) : null,
  });
  store(...Array.from({ length: 100 }, (_, at) => 2 * at));
  const library = await filling({ documents });
  expect(library.current[0]).toMatchObject({ documents: { length: 100 }, next: null });
  store(-1, 500, 501);
  await act(async () => library.current[1].refresh());
  expect(library.current[0].next).not.toBeNull();
  await act(async () => {
    library.current[1].loadMore();
    library.current[1].loadMore(); // a second click changes nothing for the worse
  });
  expect(library.current[0]).toMatchObject({ documents: stored, next: null });
  store(1, 3, 5);
  await act(async () => library.current[1].refresh());
  expect(library.current[0]).toMatchObject({ documents: stored, next: null });
});

it("asks before the page is left while files are being sent, also those of another collection", async () => {
  const upload = vi.fn(() => Promise.reject(new Error("no space")));
  const listeners = { addEventListener: vi.fn(), removeEventListener: vi.fn() };
  vi.stubGlobal("addEventListener", listeners.addEventListener);
  vi.stubGlobal("removeEventListener", listeners.removeEventListener);
  const library = await filling({ upload });
  await act(async () => {
    library.current[1].add([new File(["oak"], "oak.md")]);
    library.current[1].choose("books");
  });
  expect(upload).toHaveBeenCalledWith("trees", expect.anything(), expect.anything());
  expect(listeners.addEventListener).toHaveBeenCalledWith("beforeunload", expect.anything());
  expect(listeners.removeEventListener).toHaveBeenCalledWith("beforeunload", expect.anything());
});

it("names what the browser could not read of a drop", async () => {
  const library = await filling({});
  const unread = Array.from({ length: 7 }, (_, at) => `${at}.md`);
  await act(async () => library.current[1].addDropped({ files: [], unread }));
  expect(library.current[0].failure).toBe("Not read by the browser: 0.md, 1.md, 2.md, 3.md, 4.md and 2 more.");
});

it("a failure that was dismissed stays so when the page is loaded anew, and the next of that file is told", async () => {
  const failure = summary({ document_id: null, status: "failed", created_at: "2026-01-01T00:00:00Z" });
  let documents = [failure];
  const opened = () => filling({ documents: async () => ({ documents, next: null }) });
  const first = await opened();
  await act(async () => first.current[1].dismiss(failure.source));
  expect((await opened()).current[0].documents).toEqual([]);
  for (const other of [{ created_at: "2026-01-02T00:00:00Z" }, { error: "of another kind" }]) {
    documents = [{ ...failure, ...other }];
    expect((await opened()).current[0].documents).toEqual(documents);
  }
});

describe("what goes on", () => {
  const folder = Array.from({ length: 60 }, (_, at) => new File(["oak"], `${at}.md`));
  const uploading = async () => {
    const jobs = vi.fn(async () => ["j3", "j2"].map((job_id) => ({ ...job("queued"), job_id })));
    const one = vi.fn(async (job_id: string) => ({ ...job("queued"), job_id }));
    const upload = vi.fn(async (_: string, files: readonly File[]) => ({
      ...job("queued", ...files.map(({ name }) => ({ source: name }))),
      job_id: `j${upload.mock.calls.length}`,
    }));
    vi.stubGlobal("addEventListener", vi.fn());
    vi.stubGlobal("removeEventListener", vi.fn());
    const library = await filling({ upload, jobs, job: one });
    await act(async () => library.current[1].add(folder));
    return { jobs, one };
  };
  const pass = (milliseconds: number) => act(() => vi.advanceTimersByTimeAsync(milliseconds));

  it("is asked after in one request, and seldom while nothing ends", async () => {
    const { jobs, one } = await uploading();
    await pass(800);
    expect([jobs.mock.calls, one.mock.calls]).toEqual([[[3]], [["j1"]]]); // others have added a job since the first
    await pass(60_000);
    expect(jobs.mock.calls.length).toBeLessThan(25);
  });

  it("is asked after often while files of one job end", async () => {
    const files = folder.slice(0, 20).map(({ name }) => ({ source: name, state: "queued" }));
    const one = vi.fn(async () => job("running", ...files.map((file, at) => (at < one.mock.calls.length ? { ...file, state: "done" } : file))));
    const library = await filling({ upload: async () => job("queued", ...files), job: one });
    await act(async () => library.current[1].add(folder.slice(0, 20)));
    for (let look = 0; look < 10; look += 1) await pass(710);
    expect([one.mock.calls.length, library.current[0].uploads.length]).toEqual([10, 10]);
  });

  it("is asked after seldom while files of many jobs end", async () => {
    const { jobs } = await uploading();
    jobs.mockImplementation(async () => {
      const files = folder.slice(20, 40).map(({ name }, at) => ({ source: name, state: at < jobs.mock.calls.length ? "done" : "queued" }));
      return [{ ...job("running", ...files), job_id: "j2" }];
    });
    for (let part = 0; part < 24; part += 1) await pass(500); // what a look has found shows after each
    expect(jobs.mock.calls.length).toBeLessThan(8);
  });

  it("is asked after by a page that is in view, and at once when it comes into view", async () => {
    const { jobs } = await uploading();
    page.hidden = true;
    await pass(60_000);
    expect(jobs.mock.calls.length).toBe(1); // what was begun before
    page.hidden = false;
    await act(async () => page.addEventListener.mock.lastCall?.[1]());
    expect(jobs.mock.calls.length).toBe(2);
  });

  it("elsewhere shows when the page comes into view", async () => {
    let documents: DocumentSummary[] = [];
    const library = await filling({ documents: async () => ({ documents, next: null }) });
    documents = [summary()];
    await act(async () => page.addEventListener.mock.lastCall?.[1]());
    expect(library.current[0].documents).toEqual([summary()]);
  });
});
