/** The server's shapes by the names that the page uses; offsets are Unicode code points, half-open. */

import type { components } from "./schema";

type Schemas = components["schemas"];

export type Me = Schemas["MeReply"];
export type SignInOffer = Schemas["SignInOffer"];
export type Collection = Schemas["CollectionSummary"];
export type DocumentSummary = Schemas["DocumentSummary"]; // status: ready, queued, running or failed
export type DocumentPage = Schemas["DocumentList"];
export type StoredDocument = Pick<Schemas["DocumentReply"], "document_id" | "version" | "source" | "title" | "text" | "pages" | "has_file" | "has_page_images">;
export type Job = Schemas["JobStatus"]; // state: queued, running, paused, done, failed or cancelled
export type FileStatus = Schemas["FileStatus"]; // state: queued, running, done, skipped or failed
export type Citation = Schemas["Citation"];
export type Closest = Schemas["Closest"]; // of a refusal
export type Place = Closest & { readonly relevance?: number }; // of words in a document; how well they support, if they are cited
export type Box = Citation["boxes"][number]; // fractions of the page, origin top left
export type Sentence = Schemas["Sentence"];
export type RunEvent = Schemas["RunReply"]["events"][number];
export type Permission = Pick<Schemas["PermissionAsked"], "tool" | "arguments" | "effects">;

export type ConversationSummary = Schemas["ConversationSummary"];
export type ConversationPage = Schemas["ConversationList"];
export type StoredConversation = Schemas["ConversationReply"];
export type Feedback = Schemas["Feedback"];
export type FeedbackPage = Schemas["FeedbackList"];
export type RunSummary = Schemas["RunSummary"];
export type Found = Schemas["SearchReply"];
export type Hit = Found["hits"][number];
export type ApiKey = Schemas["ApiKey"]; // state: valid, expired or revoked
export type NewKey = Schemas["NewKeyReply"];
export type WantedKey = Pick<Schemas["KeyBody"], "name" | "scopes"> & { readonly expires_at: string | null };
export type Schedule = Schemas["Schedule"];
export type WantedSchedule = Pick<Schemas["ScheduleBody"], "collection" | "places"> & { readonly every: string | null; readonly cron: string | null };
export type SettingsReply = Schemas["SettingsReply"];
export type SettingGroup = SettingsReply["groups"][number];
export type Setting = SettingGroup["settings"][number];
export type Rating = Schemas["FeedbackBody"]["rating"];

export interface Question {
  readonly question: string;
  readonly collection: string;
  readonly conversation_id: string;
  readonly replaces: string | null; // the run in whose place this one comes
}
