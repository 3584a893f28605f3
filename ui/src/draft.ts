/** A question that was typed and not taken by the server, kept for this tab: it outlives signing in again and a reload. */

const NAME = "grove.draft";

export function draft(): string {
  return sessionStorage.getItem(NAME) ?? "";
}

export function keepDraft(text: string): void {
  if (text === "") sessionStorage.removeItem(NAME);
  else sessionStorage.setItem(NAME, text);
}
