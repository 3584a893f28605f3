/** Every request that the page makes, typed; knows HTTP and nothing of the page's state. */

import { errorOf } from "./errors";
import { serverEvents } from "./sse";
import type { Collection, DocumentPage, Job, Question, RunEvent, StoredDocument } from "./types";
import { upload } from "./upload";

const BASE = new URL("api/v1/", document.baseURI);

export interface Client {
  collections(): Promise<readonly Collection[]>;
  createCollection(name: string): Promise<void>;
  deleteCollection(name: string): Promise<void>;
  documents(collection: string, after: string | null): Promise<DocumentPage>;
  document(documentId: string): Promise<StoredDocument>;
  deleteDocument(documentId: string): Promise<void>;
  job(jobId: string): Promise<Job>;
  upload(collection: string, files: readonly File[], onSent: (bytes: number) => void): Promise<Job>;
  ask(question: Question, signal: AbortSignal): AsyncGenerator<RunEvent>;
}

/** Give the client of the server that served this page. */
export const client: Client = {
  async collections() {
    return (await request<{ collections: readonly Collection[] }>("GET", "collections")).collections;
  },
  async createCollection(name) {
    await request("POST", "collections", { name });
  },
  async deleteCollection(name) {
    await request("DELETE", `collections/${encodeURIComponent(name)}`);
  },
  documents(collection, after) {
    const query = new URLSearchParams({ limit: "100", ...(after === null ? {} : { after }) });
    return request("GET", `collections/${encodeURIComponent(collection)}/documents?${query}`);
  },
  document(documentId) {
    return request("GET", `documents/${encodeURIComponent(documentId)}`);
  },
  async deleteDocument(documentId) {
    await request("DELETE", `documents/${encodeURIComponent(documentId)}`);
  },
  job(jobId) {
    return request("GET", `jobs/${encodeURIComponent(jobId)}`);
  },
  upload(collection, files, onSent) {
    return upload(new URL(`collections/${encodeURIComponent(collection)}/documents`, BASE), files, onSent);
  },
  async *ask(question, signal) {
    const response = await send("POST", "ask", { ...question, stream: true }, signal);
    if (response.body === null) return;
    for await (const event of serverEvents(response.body)) yield JSON.parse(event.data) as RunEvent;
  },
};

async function request<Reply>(method: string, path: string, body?: unknown): Promise<Reply> {
  return (await (await send(method, path, body)).json()) as Reply;
}

async function send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(new URL(path, BASE), {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (!response.ok) throw errorOf(response.status, await response.json().catch(() => null));
  return response;
}
