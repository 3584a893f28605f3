/** A question that was typed and not taken by the server, kept for this tab: it outlives signing in again and a reload. */

const NAME = "grove.draft";

export function draft(): string {
  return sessionStorage.getItem(NAME) ?? "";
}

/** Keep a draft; one that finds no room, as a huge paste may, is not kept. */
export function keepDraft(text: string): void {
  sessionStorage.removeItem(NAME);
  if (text === "") return;
  try {
    sessionStorage.setItem(NAME, text);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}
