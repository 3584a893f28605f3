import { useCallback, useEffect, useReducer } from "react";
import type { Client } from "../client/client";
import { messageOf } from "../client/errors";
import type { ConversationSummary } from "../client/types";
import { type Conversations, conversations, NO_CONVERSATIONS } from "../state/conversations";

const TYPING_MILLISECONDS = 250;

export interface ConversationsActions {
  readonly search: (query: string) => void;
  readonly loadMore: () => void;
  readonly refresh: () => void;
  readonly remove: (id: string) => Promise<void>;
  readonly changed: (summary: ConversationSummary) => void;
}

/** Connect the list of conversations with the server; it is read anew whenever `version` changes. */
export function useConversations(client: Client, version: number): [Conversations, ConversationsActions] {
  const [state, dispatch] = useReducer(conversations, NO_CONVERSATIONS);
  const { query, next } = state;
  const load = useCallback(
    async (after: string | null): Promise<void> => {
      try {
        dispatch({ type: "loaded", query, after, page: await client.conversations(query, after) });
      } catch (error) {
        dispatch({ type: "failed", message: messageOf(error) });
      }
    },
    [client, query],
  );
  useEffect(() => {
    const timer = setTimeout(() => void load(null), query === "" ? 0 : TYPING_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [load, query, version]);
  return [
    state,
    {
      search: (words) => dispatch({ type: "searched", query: words }),
      loadMore: () => void load(next),
      refresh: () => void load(null),
      remove: async (id) => {
        await client.deleteConversation(id);
        dispatch({ type: "deleted", id });
      },
      changed: (summary) => dispatch({ type: "changed", summary }),
    },
  ];
}
