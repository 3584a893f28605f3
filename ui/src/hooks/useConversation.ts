import { type RefObject, useCallback, useEffect, useReducer, useRef, useState } from "react";
import type { Client } from "../client/client";
import { isGone, isLoss, isTooOften, messageOf, ServerError } from "../client/errors";
import { follow } from "../client/follow";
import type { ConversationSummary, Rating, RunEvent, StoredConversation } from "../client/types";
import { keepDraft } from "../draft";
import { conversation, type ConversationAction, restoredTurns, type Turn } from "../state/conversation";

const DELETED = "This conversation was deleted; it cannot go on.";
const NOT_HERE = "it was deleted, or it is not yours.";

/** Which conversation is shown: one of the person's own, or by a link somebody else's. */
export interface Address {
  readonly conversationId: string | null;
  readonly sharedToken: string | null;
}

export interface Conversation {
  readonly turns: readonly Turn[];
  readonly version: number; // of the conversations that the server lists: changes once a question, when its run has begun or will not
  readonly summary: ConversationSummary | null; // null: nothing was asked yet
  readonly address: Address; // that was opened
  readonly isReadOnly: boolean;
  readonly isLoading: boolean;
  readonly error: string | null; // why it could not be opened
  readonly openAgain: (() => void) | null; // null: it is open, or there is nothing to open
  readonly isGone: boolean; // it was deleted meanwhile
  readonly isRunning: boolean;
  readonly ask: (question: string, collection: string) => void;
  readonly askInstead: (turn: Turn, question: string) => void;
  readonly askAnew: (turn: Turn) => void; // in a new conversation
  readonly rate: (turn: Turn, rating: Rating | null, reason: string) => Promise<void>;
  readonly permit: (turn: Turn, allow: boolean) => void;
  readonly stop: () => void;
  readonly open: (address: Address) => void;
  readonly changed: (summary: ConversationSummary) => void; // renamed, or shared
  readonly clear: () => void;
}

interface Run {
  readonly id: number;
  readonly abort: AbortController;
  runId: string | null;
  isStopped: boolean;
}

/** Connect the conversation's state with the server: one question at a time. */
export function useConversation(client: Client, first: Address): Conversation {
  const [turns, dispatch] = useReducer(conversation, []);
  const [summary, setSummary] = useState<ConversationSummary | null>(null);
  const [isDeleted, setDeleted] = useState(false);
  const [version, listAnew] = useReducer((before: number) => before + 1, 0);
  const lastId = useRef(0);
  const firstId = useRef(1); // of the conversation at hand: loaded again, its turns keep theirs
  const running = useRef<Run | null>(null);
  const { stop, leave, start } = useRuns(client, running, dispatch, listAnew);
  const clear = useCallback(() => {
    leave();
    lastId.current += 1; // what is still being begun is of the conversation before
    firstId.current = lastId.current + 1;
    setSummary(null);
    setDeleted(false);
    dispatch({ type: "cleared" });
  }, [leave]);

  const show = useCallback(
    (stored: StoredConversation, { sharedToken }: Address) => {
      const restored = restoredTurns(stored, firstId.current);
      lastId.current = firstId.current + restored.length - 1;
      setSummary(stored.conversation);
      dispatch({ type: "restored", turns: restored });
      const last = restored.at(-1);
      if (last?.state !== "running" || last.runId === null || sharedToken !== null) return; // a run's events are its asker's alone
      const { runId, seq } = last;
      start(last.id, runId, seq, (signal) => client.events(runId, seq, signal));
    },
    [client, start],
  );
  const { open, openAgain, forget, address, isLoading, error } = useOpening(client, first, clear, show);

  const askAs = (question: string, collection: string, replaces: string | null, inside = summary): void => {
    stop();
    forget();
    lastId.current += 1;
    const id = lastId.current;
    dispatch({ type: "asked", id, question, collection, replaces });
    start(id, null, -1, async function* (signal) {
      try {
        const known = inside ?? (await client.createConversation(collection));
        if (id !== lastId.current) return;
        setSummary(known.title === "" ? { ...known, title: question } : known);
        const { conversation_id } = known;
        yield* client.ask({ question, collection, conversation_id, replaces }, signal);
      } catch (error) {
        if (error instanceof ServerError && error.status === 401) keepDraft(question); // the page goes, and comes back
        if (inside === null || !isGone(error) || (await isThere(client, inside))) throw error;
        setDeleted(true);
        throw new Error(DELETED);
      }
    });
  };

  return {
    turns,
    version,
    summary,
    address,
    isReadOnly: address.sharedToken !== null,
    isLoading,
    error,
    openAgain,
    isGone: isDeleted,
    isRunning: turns.some((turn) => turn.state === "running"),
    ask: (question, collection) => askAs(question, collection, null),
    askInstead: (turn, question) => {
      dispatch({ type: "replaced", id: turn.id });
      askAs(question, turn.collection, turn.runId ?? turn.replaces); // an attempt that never began has replaced nothing
    },
    askAnew: (turn) => {
      clear();
      askAs(turn.question, turn.collection, null, null);
    },
    rate: async (turn, rating, reason) => {
      if (turn.runId === null) return;
      await (rating === null ? client.unrate(turn.runId) : client.rate(turn.runId, rating, reason));
      dispatch({ type: "rated", id: turn.id, rating });
    },
    permit: (turn, allow) => {
      const { runId } = turn;
      if (runId === null) return;
      stop();
      dispatch({ type: "permitted", id: turn.id });
      start(turn.id, runId, turn.seq, (signal) => client.permit(runId, allow, signal));
    },
    stop,
    open,
    changed: (next) => setSummary((known) => (known?.conversation_id === next.conversation_id ? next : known)),
    clear: () => open({ conversationId: null, sharedToken: null }),
  };
}

/** Say whether the server still has a conversation; it has, as far as one knows, while it does not answer. */
async function isThere(client: Client, { conversation_id }: ConversationSummary): Promise<boolean> {
  return client.conversation(conversation_id).then(
    () => true,
    (error: unknown) => !isGone(error),
  );
}

type Start = (id: number, runId: string | null, seq: number, first: (signal: AbortSignal) => AsyncIterable<RunEvent>) => void;

interface Runs {
  readonly start: Start;
  readonly stop: () => void; // ends the run
  readonly leave: () => void; // the run goes on, unseen
}

/** Follow the run that is worked on. */
function useRuns(client: Client, running: RefObject<Run | null>, dispatch: (action: ConversationAction) => void, onBegun: () => void): Runs {
  const end = useCallback(
    async (run: Run): Promise<void> => {
      if (run.runId === null) return; // as soon as it has a name, see below
      run.abort.abort();
      await client.cancel(run.runId).catch((error: unknown) => dispatch({ type: "went.on", id: run.id, message: messageOf(error) }));
    },
    [client, dispatch],
  );
  const stop = useCallback(() => {
    const run = running.current;
    if (run === null) return;
    run.isStopped = true;
    running.current = null;
    dispatch({ type: "stopped", id: run.id });
    void end(run);
  }, [running, dispatch, end]);
  const leave = useCallback(() => {
    running.current?.abort.abort();
    running.current = null;
  }, [running]);
  const start = useCallback<Start>(
    (id, runId, seq, first) => {
      const run: Run = { id, abort: new AbortController(), runId, isStopped: false };
      running.current = run;
      const { signal } = run.abort;
      const onEvent = (event: RunEvent): void => {
        if (event.type === "run.started") {
          run.runId = event.run_id;
          dispatch({ type: "named", id, runId: event.run_id });
          onBegun();
        }
        if (!run.isStopped) dispatch({ type: "received", id, events: [event] });
        else if (!signal.aborted) void end(run); // once, however many events have come with its name
      };
      const onLost = (): void => dispatch({ type: "reconnecting", id });
      const again = (known: string, after: number): AsyncIterable<RunEvent> => client.events(known, after, signal);
      const over = (action: ConversationAction): void => {
        if (!signal.aborted) dispatch(action); // changes nothing when the answer is complete
        if (running.current === run) running.current = null;
        if (run.runId === null) onBegun(); // its conversation may have, without it
      };
      follow({ first: first(signal), again, onEvent, onLost, pause }, { runId, after: seq }).then(
        () => over({ type: "ended", id }),
        (error: unknown) => over({ type: "failed", id, message: messageOf(error) }),
      );
    },
    [client, running, dispatch, onBegun, end],
  );
  return { start, stop, leave };
}

const NOTHING = { isLoading: false, error: null as string | null, mayOpen: false };
const LOOK_MILLISECONDS = 3000;

interface Opening {
  readonly open: (address: Address) => void;
  readonly openAgain: (() => void) | null;
  readonly forget: () => void; // what could not be opened
  readonly address: Address;
  readonly isLoading: boolean;
  readonly error: string | null;
}

/** Load the conversation that an address names, now and whenever another is opened; a shared one again for as long as it goes on. */
function useOpening(
  client: Client,
  first: Address,
  clear: () => void,
  show: (stored: StoredConversation, address: Address) => void,
): Opening {
  const [address, setAddress] = useState(first);
  const [state, setState] = useState(NOTHING);
  useEffect(() => {
    clear();
    const { conversationId, sharedToken } = address;
    if (conversationId === null && sharedToken === null) {
      setState(NOTHING);
      return;
    }
    let isCurrent = true;
    let timer: ReturnType<typeof setTimeout>;
    let isShown = false;
    setState({ ...NOTHING, isLoading: true });
    const again = (): void => {
      timer = setTimeout(look, LOOK_MILLISECONDS);
    };
    const look = (): void => {
      if (document.hidden) document.addEventListener("visibilitychange", look, { once: true });
      else void load();
    };
    const load = async (): Promise<void> => {
      try {
        const stored = await (sharedToken === null ? client.conversation(conversationId ?? "") : client.sharedConversation(sharedToken));
        if (!isCurrent) return;
        show(stored, address);
        setState(NOTHING);
        isShown = true;
        if (sharedToken !== null && stored.turns.at(-1)?.run.state === "running") again();
      } catch (error) {
        if (!isCurrent) return;
        if (isShown && (isLoss(error) || isTooOften(error))) return again(); // what is shown is true as far as it goes
        const message = sharedToken === null && isGone(error) ? NOT_HERE : messageOf(error);
        setState({ isLoading: false, error: message, mayOpen: !isGone(error) });
      }
    };
    void load();
    return () => {
      isCurrent = false;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [client, address, clear, show]);
  const open = useCallback(
    (next: Address) => {
      clear(); // at once: nothing is shown of one conversation at the address of another
      setAddress(next);
    },
    [clear],
  );
  const { isLoading, error, mayOpen } = state;
  const forget = useCallback(() => setState(NOTHING), []);
  return { open, openAgain: mayOpen ? () => open({ ...address }) : null, forget, address, isLoading, error };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
