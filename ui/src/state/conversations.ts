/** The list of conversations as a pure function of what happened; knows nothing of the network. */

import type { ConversationPage, ConversationSummary } from "../client/types";

export interface Conversations {
  readonly listed: readonly ConversationSummary[] | null; // null until the server has answered
  readonly next: string | null; // where the list goes on
  readonly canShare: boolean;
  readonly query: string;
  readonly error: string | null;
}

export type ConversationsAction =
  | { readonly type: "searched"; readonly query: string }
  | { readonly type: "loaded"; readonly query: string; readonly after: string | null; readonly page: ConversationPage } // null: from its start
  | { readonly type: "changed"; readonly summary: ConversationSummary }
  | { readonly type: "deleted"; readonly id: string }
  | { readonly type: "failed"; readonly message: string };

export const NO_CONVERSATIONS: Conversations = { listed: null, next: null, canShare: false, query: "", error: null };

/** Give the list after an action; a page that answers an earlier search, or that is there already, changes nothing. */
export function conversations(state: Conversations, action: ConversationsAction): Conversations {
  switch (action.type) {
    case "searched":
      return { ...state, query: action.query };
    case "loaded": {
      const { query, after } = action;
      if (query !== state.query || (after !== null && after !== state.next)) return state;
      const { conversations: found, next, can_share: canShare } = action.page;
      const before = after === null ? [] : (state.listed ?? []);
      return { ...state, listed: [...before, ...found], next, canShare, error: null };
    }
    case "changed":
      return { ...state, listed: state.listed?.map((known) => (isSame(known, action.summary) ? action.summary : known)) ?? null };
    case "deleted":
      return { ...state, listed: state.listed?.filter((known) => known.conversation_id !== action.id) ?? null };
    case "failed":
      return { ...state, error: action.message };
  }
}

function isSame(left: ConversationSummary, right: ConversationSummary): boolean {
  return left.conversation_id === right.conversation_id;
}
