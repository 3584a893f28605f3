/** The conversation as a pure function of what happened; knows nothing of the network. */

import type { Citation, Closest, Permission, Place, Rating, RunEvent, Sentence, StoredConversation } from "../client/types";

export interface Step {
  readonly name: string;
  readonly milliseconds: number | null; // null while it runs
  readonly summary: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, unknown>>;
}

export type TurnState = "running" | "waiting" | "answered" | "refused" | "stopped" | "failed";

export interface Turn {
  readonly id: number;
  readonly question: string;
  readonly collection: string;
  readonly state: TurnState;
  readonly runId: string | null; // as the server calls it
  readonly replaces: string | null; // the run in whose place this one comes, as soon as it begins
  readonly permission: Permission | null; // what a waiting run asks for
  readonly steps: readonly Step[];
  readonly text: string;
  readonly shortAnswer: string | null; // the few words that answer, with which the text begins
  readonly sentences: readonly Sentence[];
  readonly citations: readonly Citation[];
  readonly missing: readonly string[]; // words of the question that no passage holds
  readonly closest: Closest | null; // of a refusal: the sentence that comes nearest to an answer
  readonly milliseconds: number | null; // of the whole run
  readonly error: string | null;
  readonly seq: number; // of the last event
  readonly isReconnecting: boolean;
  readonly rating: Rating | null; // what the person thinks of it
}

export type ConversationAction =
  | { readonly type: "restored"; readonly turns: readonly Turn[] }
  | { readonly type: "replaced"; readonly id: number } // by what is asked next: with all that follow
  | { readonly type: "reconnecting"; readonly id: number }
  | { readonly type: "rated"; readonly id: number; readonly rating: Rating | null }
  | { readonly type: "asked"; readonly id: number; readonly question: string; readonly collection: string; readonly replaces: string | null }
  | { readonly type: "named"; readonly id: number; readonly runId: string } // by the server, also when it was stopped before
  | { readonly type: "received"; readonly id: number; readonly events: readonly RunEvent[] }
  | { readonly type: "permitted"; readonly id: number }
  | { readonly type: "ended"; readonly id: number }
  | { readonly type: "stopped"; readonly id: number }
  | { readonly type: "went.on"; readonly id: number; readonly message: string } // though it was to stop
  | { readonly type: "failed"; readonly id: number; readonly message: string }
  | { readonly type: "cleared" };

const CUT_OFF = "The connection ended before the answer was complete.";
const WENT_ON = "This could not be stopped; Grove may go on with it.";
const BROKEN_OFF = "The server stopped working on this before the answer was complete.";

/** Give the turns after an action. */
export function conversation(turns: readonly Turn[], action: ConversationAction): readonly Turn[] {
  switch (action.type) {
    case "restored":
      return action.turns;
    case "replaced":
      return turns.slice(0, turns.findIndex((turn) => turn.id === action.id));
    case "reconnecting":
      return change(turns, action.id, (turn) => ({ ...turn, isReconnecting: true }));
    case "rated":
      return turns.map((turn) => (turn.id === action.id ? { ...turn, rating: action.rating } : turn));
    case "asked":
      return [...turns, { ...newTurn(action.id, action.question, action.collection), replaces: action.replaces }];
    case "named":
      return turns.map((turn) => (turn.id === action.id ? { ...turn, runId: action.runId } : turn));
    case "received":
      return change(turns, action.id, (turn) => action.events.reduce(afterEvent, turn));
    case "permitted":
      return turns.map((turn) => (turn.id === action.id && turn.state === "waiting" ? { ...turn, state: "running", permission: null } : turn));
    case "ended":
      return change(turns, action.id, (turn) => failed(turn, CUT_OFF));
    case "stopped":
      return change(turns, action.id, (turn) => ({ ...turn, state: "stopped", isReconnecting: false }));
    case "went.on":
      return turns.map((turn) => (turn.id === action.id ? failed(turn, `${WENT_ON} ${action.message}`) : turn));
    case "failed":
      return change(turns, action.id, (turn) => failed(turn, action.message));
    case "cleared":
      return [];
  }
}

/** Give the turns of a conversation that the server has kept, built of their events as when they came. */
export function restoredTurns({ turns }: StoredConversation, firstId: number): readonly Turn[] {
  return turns.map(({ run, events, rating }, at) => {
    const turn = { ...newTurn(firstId + at, run.question, run.collection), runId: run.run_id, rating };
    const told = events.reduce(afterEvent, turn);
    if (told.state !== "running" || run.state === "running") return told;
    return run.state === "cancelled" ? { ...told, state: "stopped" } : failed(told, BROKEN_OFF);
  });
}

/** Give the places that a turn opens, by their numbers from 1: what it cites, or what comes closest. */
export function placesOf({ citations, closest }: Turn): readonly Place[] {
  return citations.length === 0 && closest !== null ? [closest] : citations;
}

function newTurn(id: number, question: string, collection: string): Turn {
  const nothing = { steps: [], text: "", shortAnswer: null, sentences: [], citations: [], missing: [], closest: null, milliseconds: null, error: null };
  return { id, question, collection, state: "running", runId: null, replaces: null, permission: null, seq: -1, isReconnecting: false, rating: null, ...nothing };
}

/** Change a running turn; one that has ended stays as it is, whatever arrives late. */
function change(turns: readonly Turn[], id: number, update: (turn: Turn) => Turn): readonly Turn[] {
  return turns.map((turn) => (turn.id === id && turn.state === "running" ? update(turn) : turn));
}

function failed(turn: Turn, error: string): Turn {
  return { ...turn, state: "failed", error, isReconnecting: false };
}

/** Take an event up, once: a stream that is taken up again may repeat some. */
function afterEvent(before: Turn, event: RunEvent): Turn {
  if (event.seq <= before.seq) return before;
  const turn = { ...before, seq: event.seq, isReconnecting: false };
  switch (event.type) {
    case "run.started":
      return { ...turn, runId: event.run_id };
    case "permission.asked":
      return { ...turn, state: "waiting", permission: event };
    case "step.started":
      return { ...turn, steps: [...turn.steps, { name: event.step, milliseconds: null, summary: {}, inputs: {} }] };
    case "step.finished":
      return { ...turn, steps: turn.steps.map((step) => finishedStep(step, event)) };
    case "token":
      return { ...turn, text: turn.text + event.text };
    case "citation":
      return { ...turn, citations: [...turn.citations, event.citation] };
    case "answer.finished": {
      const { answer: text, short_answer: shortAnswer, refused, sentences, citations, timings } = event.answer;
      const missing = event.answer.missing?.terms ?? [];
      const closest = event.answer.missing?.closest ?? null;
      const state = refused ? "refused" : "answered";
      return { ...turn, state, text, shortAnswer, sentences, citations, missing, closest, milliseconds: timings.total ?? null };
    }
    case "error":
      return event.error === "RunCancelledError" ? { ...turn, state: "stopped" } : failed(turn, event.message);
    default:
      return turn; // a newer server may send events that this page does not show
  }
}

function finishedStep(step: Step, event: Extract<RunEvent, { type: "step.finished" }>): Step {
  if (step.name !== event.step || step.milliseconds !== null) return step;
  return { ...step, milliseconds: event.milliseconds, summary: event.summary ?? {}, inputs: event.inputs ?? {} };
}
