/** What can go wrong between page and server, in words for the person who reads the page. */

export class ServerError extends Error {
  override readonly name = "ServerError";

  constructor(
    readonly status: number, // 0: no answer at all
    message: string,
    readonly retryAfterSeconds = 0,
  ) {
    super(message);
  }
}

export const UNREACHABLE = "Grove does not answer. Check that the server is running, then try again.";

/** Say whether what was asked for is not there, or not for the caller to see. */
export function isGone(error: unknown): boolean {
  return error instanceof ServerError && error.status === 404;
}

/** Tell a broken connection, which another may mend, from an answer that says no. */
export function isLoss(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof ServerError && (error.status === 0 || error.status >= 500));
}

const OF_THE_CONTENT = [0, 400, 413, 415, 422]; // 0: who refuses a large request may hang up on it

/** Say whether a request may have failed for what it holds, of which a part may be taken. */
export function mayFitInParts(error: unknown): boolean {
  return error instanceof ServerError && OF_THE_CONTENT.includes(error.status);
}

/** Say whether the server wants to be asked less often. */
export function isTooOften(error: unknown): error is ServerError {
  return error instanceof ServerError && error.status === 429;
}

/** Read an error reply (problem+json) into words, and its header that says when to come back. */
export function errorOf(status: number, body: unknown, retryAfter: string | null = null): ServerError {
  return new ServerError(status, wordsOf(status, body), Number(retryAfter) || 0); // Grove sends seconds, never a date
}

/** Give the words for anything that was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof ServerError) return error.message;
  if (error instanceof TypeError) return UNREACHABLE; // what fetch throws when there is no connection
  return error instanceof Error ? error.message : String(error);
}

function wordsOf(status: number, body: unknown): string {
  const { detail, title } = isRecord(body) ? body : {};
  if (typeof detail === "string" && detail !== "") return detail;
  if (typeof title === "string" && title !== "") return title;
  return status === 413 ? "That is too large for this server." : `The server answered with error ${status}.`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
