import { useCallback, useReducer, useRef } from "react";
import type { Client } from "../client/client";
import { messageOf } from "../client/errors";
import type { RunEvent } from "../client/types";
import { conversation, type ConversationAction, history, type Turn } from "../state/conversation";

export interface Conversation {
  readonly turns: readonly Turn[];
  readonly isRunning: boolean;
  readonly ask: (question: string, collection: string) => void;
  readonly retry: (turn: Turn) => void;
  readonly permit: (turn: Turn, allow: boolean) => void;
  readonly stop: () => void;
  readonly clear: () => void;
}

/** Connect the conversation's state with the server: one question at a time. */
export function useConversation(client: Client): Conversation {
  const [turns, dispatch] = useReducer(conversation, []);
  const lastId = useRef(0);
  const running = useRef<{ id: number; abort: AbortController } | null>(null);

  const stop = useCallback(() => {
    if (running.current === null) return;
    running.current.abort.abort();
    dispatch({ type: "stopped", id: running.current.id });
    running.current = null;
  }, []);

  const askAfter = useCallback(
    (before: readonly Turn[], question: string, collection: string) => {
      stop();
      lastId.current += 1;
      const run = { id: lastId.current, abort: new AbortController() };
      running.current = run;
      dispatch({ type: "asked", id: run.id, question, collection });
      const request = { question, collection, history: history(before) };
      void follow(client.ask(request, run.abort.signal), run.id, dispatch);
    },
    [client, stop],
  );

  const permit = useCallback(
    (turn: Turn, allow: boolean) => {
      if (turn.runId === null) return;
      stop();
      const run = { id: turn.id, abort: new AbortController() };
      running.current = run;
      dispatch({ type: "permitted", id: turn.id });
      void follow(client.permit(turn.runId, allow, run.abort.signal), run.id, dispatch);
    },
    [client, stop],
  );

  return {
    turns,
    isRunning: turns.some((turn) => turn.state === "running"),
    ask: (question, collection) => askAfter(turns, question, collection),
    retry: (turn) => {
      dispatch({ type: "removed", id: turn.id });
      askAfter(turns.filter((other) => other !== turn), turn.question, turn.collection);
    },
    permit,
    stop,
    clear: () => {
      stop();
      dispatch({ type: "cleared" });
    },
  };
}

async function follow(
  events: AsyncIterable<RunEvent>,
  id: number,
  dispatch: (action: ConversationAction) => void,
): Promise<void> {
  try {
    for await (const event of events) dispatch({ type: "received", id, events: [event] });
    dispatch({ type: "ended", id }); // changes nothing when the answer is complete
  } catch (error) {
    // A stopped turn has ended already, so that the abort's own error changes nothing.
    dispatch({ type: "failed", id, message: messageOf(error) });
  }
}
