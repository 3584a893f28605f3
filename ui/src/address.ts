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

export function rememberView(view: View): void {
  const address = new URL(location.href);
  set(address, "view", view === "chat" ? null : view);
  history.replaceState(null, "", address);
}

/** Write the address anew; an empty part is left out. */
export function remember(collection: string, { conversationId, sharedToken }: Address): void {
  const address = new URL(location.href);
  set(address, "collection", collection === DEFAULT_COLLECTION ? null : collection);
  set(address, "conversation", conversationId);
  set(address, "shared", sharedToken);
  history.replaceState(null, "", address);
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
