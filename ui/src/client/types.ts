/** The shapes that the server sends and the page keeps; offsets are Unicode code points, half-open. */

export interface Collection {
  readonly name: string;
  readonly documents: number;
  readonly chunks: number;
  readonly generation: number;
  readonly created_at: string;
}

export type DocumentState = "ready" | "failed" | "queued" | "running";

export interface DocumentSummary {
  readonly document_id: string;
  readonly source: string;
  readonly title: string;
  readonly status: DocumentState;
  readonly version: number;
  readonly chunks: number;
  readonly error: string | null;
  readonly created_at: string;
}

export interface DocumentPage {
  readonly documents: readonly DocumentSummary[];
  readonly next: string | null;
}

export interface PageSpan {
  readonly page: number;
  readonly start: number;
  readonly end: number;
}

export interface StoredDocument {
  readonly document_id: string;
  readonly version: number;
  readonly source: string;
  readonly title: string;
  readonly text: string;
  readonly pages: readonly PageSpan[];
}

export type FileState = "queued" | "running" | "done" | "skipped" | "failed";

export interface FileStatus {
  readonly source: string;
  readonly state: FileState;
  readonly document_id: string | null;
  readonly chunks: number;
  readonly error: string | null;
}

export interface Job {
  readonly job_id: string;
  readonly collection: string;
  readonly state: "queued" | "running" | "done" | "failed";
  readonly files: readonly FileStatus[];
}

export interface Citation {
  readonly answer_start: number;
  readonly answer_end: number;
  readonly document_id: string;
  readonly version: number;
  readonly chunk_id: string;
  readonly source: string;
  readonly title: string;
  readonly page: number | null;
  readonly start: number;
  readonly end: number;
  readonly quote: string;
  readonly relevance: number;
}

export interface Sentence {
  readonly start: number;
  readonly end: number;
  readonly supported: boolean;
}

export interface Answer {
  readonly answer: string;
  readonly refused: boolean;
  readonly sentences: readonly Sentence[];
  readonly citations: readonly Citation[];
  readonly run_id: string;
  readonly timings: Readonly<Record<string, number>>;
}

export type RunEvent =
  | { readonly type: "run.started"; readonly run_id: string }
  | { readonly type: "step.started"; readonly step: string }
  | {
      readonly type: "step.finished";
      readonly step: string;
      readonly milliseconds: number;
      readonly summary: Readonly<Record<string, unknown>>;
    }
  | { readonly type: "token"; readonly text: string }
  | { readonly type: "citation"; readonly number: number; readonly citation: Citation }
  | { readonly type: "answer.finished"; readonly answer: Answer }
  | { readonly type: "error"; readonly error: string; readonly message: string };

export interface Message {
  readonly role: "user" | "assistant";
  readonly content: string;
}

export interface Question {
  readonly question: string;
  readonly collection: string;
  readonly history: readonly Message[];
}
