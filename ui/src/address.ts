/** What the page's address says: the collection and the conversation, to be bookmarked and shared. */

import type { Address } from "./hooks/useConversation";
import { type View, viewOf } from "./state/views";

const DEFAULT_COLLECTION = "default";

export function collectionOfAddress(): string {
  return new URLSearchParams(location.search).get("collection") || DEFAULT_COLLECTION;
}

export function conversationOfAddress(): Address {
  const query = new URLSearchParams(location.search);
  return { conversationId: query.get("conversation"), sharedToken: query.get("shared") };
}

export function viewOfAddress(): View {
  return viewOf(new URLSearchParams(location.search).get("view"));
}

/** What the page shows, as its address says it. */
export interface Shown {
  readonly collection: string;
  readonly address: Address;
  readonly view: View;
}

export function shownByAddress(): Shown {
  return { collection: collectionOfAddress(), address: conversationOfAddress(), view: viewOfAddress() };
}

/**
 * Write the address anew; an empty part is left out. Another view or conversation is a step that Back undoes;
 * where a conversation was begun, its name comes in the place of none.
 */
export function remember({ collection, address: { conversationId, sharedToken }, view }: Shown, opened: Address): void {
  const { address: before, view: viewBefore } = shownByAddress();
  const isBegun = before.conversationId === null && before.sharedToken === null && opened.conversationId === null;
  const isOther = before.sharedToken !== sharedToken || (before.conversationId !== conversationId && !isBegun);
  const next = new URL(location.href);
  set(next, "view", view === "chat" ? null : view);
  set(next, "collection", collection === DEFAULT_COLLECTION ? null : collection);
  set(next, "conversation", conversationId);
  set(next, "shared", sharedToken);
  if (next.href === location.href) return;
  if (isOther || viewBefore !== view) history.pushState(null, "", next);
  else history.replaceState(null, "", next);
}

/** Tell whenever Back or Forward leads to another address; gives what ends that. */
export function onStep(listener: (shown: Shown) => void): () => void {
  const tell = (): void => listener(shownByAddress());
  addEventListener("popstate", tell);
  return () => removeEventListener("popstate", tell);
}

/** Give the link that leads whoever has it to a shared conversation. */
export function sharedLink(token: string): string {
  const address = new URL(".", document.baseURI);
  address.searchParams.set("shared", token);
  return address.href;
}

function set(address: URL, name: string, value: string | null): void {
  if (value === null) address.searchParams.delete(name);
  else address.searchParams.set(name, value);
}
