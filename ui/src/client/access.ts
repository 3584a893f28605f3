/** The key that requests show, kept for this tab alone; tells when the server asks for one. */

const NAME = "grove.key";
const listeners = new Set<() => void>();
let isAsked = false;

export const access = {
  /** Give the headers that every request carries. */
  headers(): Record<string, string> {
    const key = sessionStorage.getItem(NAME);
    return key === null ? {} : { Authorization: `Bearer ${key}` };
  },

  /** Keep a key, without what copying it may have added: a header that held such a character could not be sent at all. */
  keep(key: string): void {
    sessionStorage.setItem(NAME, key.replace(/[^\x21-\x7e]/g, ""));
    tell(false);
  },

  forget(): void {
    sessionStorage.removeItem(NAME);
    tell(true);
  },

  hasKey(): boolean {
    return sessionStorage.getItem(NAME) !== null;
  },

  /** Say whether this tab shows the key that begins so. */
  shows(prefix: string): boolean {
    return sessionStorage.getItem(NAME)?.startsWith(prefix) ?? false;
  },

  /** Say whether the server has refused a request for want of a key. */
  isAsked(): boolean {
    return isAsked;
  },

  refused(): void {
    tell(true);
  },

  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

function tell(next: boolean): void {
  isAsked = next;
  for (const listener of listeners) listener();
}
