/** Every request that the page makes, typed by the server's own description; knows nothing of the page's state. */

import createClient from "openapi-fetch";
import { errorOf } from "./errors";
import type { paths } from "./schema";
import { serverEvents } from "./sse";
import type { Collection, DocumentPage, Job, Question, RunEvent, StoredDocument } from "./types";
import { upload } from "./upload";

// Beside the page, also where the page is served below a path.
const BASE = new URL(".", document.baseURI).href.replace(/\/$/, "");
const http = createClient<paths>({ baseUrl: BASE });

export type Client = typeof client;

/** The client of the server that served this page. */
export const client = {
  async collections(): Promise<readonly Collection[]> {
    return data(await http.GET("/api/v1/collections")).collections;
  },

  async createCollection(name: string): Promise<void> {
    data(await http.POST("/api/v1/collections", { body: { name } }));
  },

  async documents(name: string, after: string | null): Promise<DocumentPage> {
    const query = { limit: 100, ...(after === null ? {} : { after }) };
    return data(await http.GET("/api/v1/collections/{name}/documents", { params: { path: { name }, query } }));
  },

  async document(document_id: string): Promise<StoredDocument> {
    return data(await http.GET("/api/v1/documents/{document_id}", { params: { path: { document_id } } }));
  },

  /** Give a picture of a page; as a request and not an address, so that it carries what every request does. */
  async page(document_id: string, number: number, version: number, width: number): Promise<Blob> {
    const params = { path: { document_id, number: String(number) }, query: { version, width } };
    return data(await http.GET("/api/v1/documents/{document_id}/pages/{number}.png", { params, parseAs: "blob" }));
  },

  async file(document_id: string, version: number): Promise<Blob> {
    const params = { path: { document_id }, query: { version } };
    return data(await http.GET("/api/v1/documents/{document_id}/file", { params, parseAs: "blob" }));
  },

  async deleteDocument(document_id: string): Promise<void> {
    data(await http.DELETE("/api/v1/documents/{document_id}", { params: { path: { document_id } } }));
  },

  async job(job_id: string): Promise<Job> {
    return data(await http.GET("/api/v1/jobs/{job_id}", { params: { path: { job_id } } }));
  },

  upload(collection: string, files: readonly File[], onSent: (bytes: number) => void): Promise<Job> {
    return upload(`${BASE}/api/v1/collections/${encodeURIComponent(collection)}/documents`, files, onSent);
  },

  async *ask(question: Question, signal: AbortSignal): AsyncGenerator<RunEvent> {
    const body = { ...question, stream: true, retriever: "default", generator: "default" };
    const stream = data(await http.POST("/api/v1/ask", { body, signal, parseAs: "stream" }));
    yield* runEvents(stream);
  },

  async *permit(run_id: string, allow: boolean, signal: AbortSignal): AsyncGenerator<RunEvent> {
    const body = { allow, stream: true };
    const params = { path: { run_id } };
    const reply = await http.POST("/api/v1/runs/{run_id}/permission", { params, body, signal, parseAs: "stream" });
    yield* runEvents(data(reply));
  },
};

async function* runEvents(stream: ReadableStream<Uint8Array> | null): AsyncGenerator<RunEvent> {
  if (stream === null) return;
  for await (const event of serverEvents(stream)) yield JSON.parse(event.data) as RunEvent;
}

/** Give what a reply holds, or throw what it says went wrong. */
function data<Data>(reply: { data?: Data; error?: unknown; response: Response }): Data {
  if (!reply.response.ok) throw errorOf(reply.response.status, reply.error);
  return reply.data as Data; // present in every reply that is no error
}
