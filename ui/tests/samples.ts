/** Small records for tests. */

import type { Citation, Closest, DocumentSummary, FileStatus, Job, RunEvent } from "../src/client/types";

type Answer = Extract<RunEvent, { type: "answer.finished" }>["answer"];

export function citation(changes: Partial<Citation> = {}): Citation {
  return {
    answer_start: 0,
    answer_end: 1,
    document_id: "d1",
    version: 1,
    chunk_id: "d1.1.0",
    source: "oak.pdf",
    title: "The oak",
    page: 2,
    boxes: [],
    start: 0,
    end: 21,
    quote: "The oak is 30 m high.",
    score: 3.2,
    relevance: 0.91,
    ...changes,
  };
}

export const CLOSEST: Closest = {
  document_id: "d1",
  version: 1,
  chunk_id: "d1.1.0",
  source: "oak.pdf",
  title: "The oak",
  page: 2,
  boxes: [],
  start: 0,
  end: 21,
  quote: "The oak is\n30 m high.",
};

export function answer(text: string, changes: Partial<Answer> = {}): Answer {
  return {
    answer: text,
    short_answer: null,
    refused: false,
    sentences: [],
    citations: [],
    run_id: "r1",
    timings: { total: 12.5 },
    usage: { prompt_tokens: 0, completion_tokens: 0, passes: 0, cache_bytes: 0, reused_tokens: 0 },
    ...changes,
  };
}

export function summary(changes: Partial<DocumentSummary> = {}): DocumentSummary {
  return {
    document_id: "d1",
    source: "oak.pdf",
    title: "The oak",
    status: "ready",
    version: 1,
    chunks: 3,
    error: null,
    created_at: "2026-01-01T00:00:00Z",
    ...changes,
  };
}

export function job(state: string, ...files: Partial<FileStatus>[]): Job {
  const file = { document_id: null, chunks: 0, bytes: 0, error: null, source: "oak.pdf", state: "queued" };
  return {
    job_id: "j1",
    kind: "ingest",
    collection: "trees",
    state,
    error: null,
    chunks_done: 0,
    chunks_total: 0,
    created_at: "2026-01-01T00:00:00Z",
    finished_at: null,
    files: files.map((changes) => ({ ...file, ...changes })),
    files_done: 0,
    files_total: files.length,
    bytes_done: 0,
    rate_per_second: null,
    eta_seconds: null,
  };
}
