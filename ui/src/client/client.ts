/** Every request that the page makes, typed by the server's own description; knows nothing of the page's state. */

import createClient from "openapi-fetch";
import { access } from "./access";
import { errorOf } from "./errors";
import type { paths } from "./schema";
import { serverEvents } from "./sse";
import type {
  ApiKey,
  Collection,
  ConversationPage,
  ConversationSummary,
  DocumentPage,
  FeedbackPage,
  Found,
  Job,
  Me,
  NewKey,
  Question,
  Rating,
  RunEvent,
  RunSummary,
  Schedule,
  SettingsReply,
  StoredConversation,
  StoredDocument,
  WantedKey,
  WantedSchedule,
} from "./types";
import { upload } from "./upload";

// Beside the page, also where the page is served below a path.
const BASE = new URL(".", document.baseURI).href.replace(/\/$/, "");
const http = createClient<paths>({ baseUrl: BASE });
http.use({
  onRequest: ({ request }) => {
    for (const [name, value] of Object.entries(access.headers())) request.headers.set(name, value);
  },
  onResponse: ({ response }) => {
    if (response.status === 401) access.refused();
  },
});

const MAX_LIMIT = 1000; // of a list, as the server allows

export type Client = typeof client;

/** The client of the server that served this page. */
export const client = {
  /** Say who asks, and where one signs in; the one question that the server answers to anybody. */
  async me(): Promise<Me> {
    return data(await http.GET("/api/v1/me"));
  },

  /** End the session; give where to sign out at the provider too, if it has such a place. */
  async signOut(): Promise<string | null> {
    return data(await http.POST("/auth/logout")).url;
  },

  async collections(): Promise<readonly Collection[]> {
    return data(await http.GET("/api/v1/collections")).collections;
  },

  async createCollection(name: string): Promise<void> {
    data(await http.POST("/api/v1/collections", { body: { name } }));
  },

  /** Give the first documents by source, up to so many, and all files that are not in yet. */
  async documents(name: string, wanted: number): Promise<DocumentPage> {
    const page = { documents: [] as DocumentPage["documents"], next: null as string | null };
    for (let rest = wanted; rest > 0; rest -= MAX_LIMIT) {
      const query = { limit: Math.min(rest, MAX_LIMIT), ...(page.next === null ? {} : { after: page.next }) };
      const more = data(await http.GET("/api/v1/collections/{name}/documents", { params: { path: { name }, query } }));
      page.documents.push(...more.documents);
      page.next = more.next;
      if (page.next === null) break;
    }
    return page;
  },

  /** Give a document as it was in a version, null for the present one. */
  async document(document_id: string, version: number | null): Promise<StoredDocument> {
    const params = { path: { document_id }, query: version === null ? {} : { version } };
    return data(await http.GET("/api/v1/documents/{document_id}", { params }));
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
    const body = { ...question, history: [], stream: true, detach: true, retriever: "default", generator: "default" };
    const stream = data(await http.POST("/api/v1/ask", { body, signal, parseAs: "stream" }));
    yield* runEvents(stream);
  },

  /** Give what a run's events are behind a number, and those to come while it goes on; all behind one below 0, which none has. */
  async *events(run_id: string, after: number, signal: AbortSignal): AsyncGenerator<RunEvent> {
    const params = { path: { run_id }, query: { after: Math.max(after, 0) } }; // the server numbers them from 1
    const reply = await http.GET("/api/v1/runs/{run_id}/events", { params, signal, parseAs: "stream" });
    if (reply.response.status !== 204) yield* runEvents(data(reply) as ReadableStream<Uint8Array> | null);
  },

  /** End a run; one that has ended already is left as it is. */
  async cancel(run_id: string): Promise<void> {
    const reply = await http.POST("/api/v1/runs/{run_id}/cancel", { params: { path: { run_id } } });
    if (reply.response.status !== 409) data(reply);
  },

  async *permit(run_id: string, allow: boolean, signal: AbortSignal): AsyncGenerator<RunEvent> {
    const body = { allow, stream: true, detach: true };
    const params = { path: { run_id } };
    const reply = await http.POST("/api/v1/runs/{run_id}/permission", { params, body, signal, parseAs: "stream" });
    yield* runEvents(data(reply));
  },

  async conversations(q: string, after: string | null): Promise<ConversationPage> {
    const query = { limit: 30, q, ...(after === null ? {} : { after }) };
    return data(await http.GET("/api/v1/conversations", { params: { query } }));
  },

  async createConversation(collection: string): Promise<ConversationSummary> {
    return data(await http.POST("/api/v1/conversations", { body: { collection, title: "" } }));
  },

  async conversation(conversation_id: string): Promise<StoredConversation> {
    return data(await http.GET("/api/v1/conversations/{conversation_id}", { params: { path: { conversation_id } } }));
  },

  async sharedConversation(token: string): Promise<StoredConversation> {
    return data(await http.GET("/api/v1/shared/{token}", { params: { path: { token } } }));
  },

  async renameConversation(conversation_id: string, title: string): Promise<ConversationSummary> {
    const params = { path: { conversation_id } };
    return data(await http.PATCH("/api/v1/conversations/{conversation_id}", { params, body: { title } }));
  },

  async deleteConversation(conversation_id: string): Promise<void> {
    data(await http.DELETE("/api/v1/conversations/{conversation_id}", { params: { path: { conversation_id } } }));
  },

  async share(conversation_id: string): Promise<ConversationSummary> {
    return data(await http.POST("/api/v1/conversations/{conversation_id}/share", { params: { path: { conversation_id } } }));
  },

  async unshare(conversation_id: string): Promise<ConversationSummary> {
    return data(await http.DELETE("/api/v1/conversations/{conversation_id}/share", { params: { path: { conversation_id } } }));
  },

  async retrievers(): Promise<readonly string[]> {
    return data(await http.GET("/api/v1/search/retrievers")).retrievers;
  },

  async search(wanted: { query: string; collection: string; retriever: string }): Promise<Found> {
    return data(await http.POST("/api/v1/search", { body: { ...wanted, k: 10 } }));
  },

  async runs(): Promise<readonly RunSummary[]> {
    return data(await http.GET("/api/v1/runs", { params: { query: { limit: 200 } } })).runs;
  },

  async feedback(): Promise<FeedbackPage> {
    return data(await http.GET("/api/v1/feedback", { params: { query: { limit: 200 } } }));
  },

  /** Give the newest jobs. */
  async jobs(wanted: number): Promise<readonly Job[]> {
    return data(await http.GET("/api/v1/jobs", { params: { query: { limit: Math.min(wanted, MAX_LIMIT) } } })).jobs;
  },

  async retryJob(job_id: string): Promise<void> {
    data(await http.POST("/api/v1/jobs/{job_id}/retry", { params: { path: { job_id } } }));
  },

  async reindex(name: string): Promise<Job> {
    return data(await http.POST("/api/v1/collections/{name}/reindex", { params: { path: { name } } }));
  },

  async keys(): Promise<readonly ApiKey[]> {
    return data(await http.GET("/api/v1/keys", { params: { query: { limit: 1000 } } })).keys;
  },

  async createKey(wanted: WantedKey): Promise<NewKey> {
    return data(await http.POST("/api/v1/keys", { body: wanted }));
  },

  async revokeKey(key_id: string): Promise<void> {
    data(await http.DELETE("/api/v1/keys/{key_id}", { params: { path: { key_id } } }));
  },

  async schedules(): Promise<readonly Schedule[]> {
    return data(await http.GET("/api/v1/schedules")).schedules;
  },

  async addSchedule(wanted: WantedSchedule): Promise<void> {
    data(await http.POST("/api/v1/schedules", { body: wanted }));
  },

  async pauseSchedule(schedule_id: string): Promise<void> {
    data(await http.POST("/api/v1/schedules/{schedule_id}/pause", { params: { path: { schedule_id } } }));
  },

  async resumeSchedule(schedule_id: string): Promise<void> {
    data(await http.POST("/api/v1/schedules/{schedule_id}/resume", { params: { path: { schedule_id } } }));
  },

  async runSchedule(schedule_id: string): Promise<void> {
    data(await http.POST("/api/v1/schedules/{schedule_id}/run", { params: { path: { schedule_id } } }));
  },

  async removeSchedule(schedule_id: string): Promise<void> {
    data(await http.DELETE("/api/v1/schedules/{schedule_id}", { params: { path: { schedule_id } } }));
  },

  async settings(): Promise<SettingsReply> {
    return data(await http.GET("/api/v1/settings"));
  },

  async rate(run_id: string, rating: Rating, reason: string): Promise<void> {
    data(await http.POST("/api/v1/runs/{run_id}/feedback", { params: { path: { run_id } }, body: { rating, reason } }));
  },

  async unrate(run_id: string): Promise<void> {
    data(await http.DELETE("/api/v1/runs/{run_id}/feedback", { params: { path: { run_id } } }));
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
