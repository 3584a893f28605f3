import { describe, expect, it } from "vitest";
import type { RunEvent } from "../src/client/types";
import { conversation, type ConversationAction, placesOf, restoredTurns, type Turn } from "../src/state/conversation";
import { announcement, plainText, tooLong } from "../src/text/words";
import { answer, citation, CLOSEST } from "./samples";

const asked: ConversationAction = { type: "asked", id: 1, question: "How high?", collection: "trees", replaces: null };

function after(...actions: ConversationAction[]): readonly Turn[] {
  return actions.reduce(conversation, []);
}

function received(...events: RunEvent[]): ConversationAction {
  return { type: "received", id: 1, events };
}

const REPLY = answer("It is 30 m high. It is old.", { citations: [citation({ answer_end: 16 })] });
const finished: RunEvent = { type: "answer.finished", seq: 9, answer: REPLY };

describe("a conversation", () => {
  it("shows steps and text while they arrive", () => {
    const [turn] = after(
      asked,
      received({ type: "step.started", seq: 1, step: "retrieve" }),
      received({ type: "step.finished", seq: 2, step: "retrieve", milliseconds: 41, summary: { passages: 6 } }),
      received({ type: "step.started", seq: 3, step: "generate" }, { type: "token", seq: 4, text: "It is " }),
      received({ type: "token", seq: 5, text: "30" }),
    );
    expect(turn).toMatchObject({
      state: "running",
      text: "It is 30",
      steps: [
        { name: "retrieve", milliseconds: 41, summary: { passages: 6 }, inputs: {} },
        { name: "generate", milliseconds: null, summary: {}, inputs: {} },
      ],
    });
  });

  it("takes text, citations and time from the finished answer", () => {
    const [turn] = after(asked, received({ type: "token", seq: 1, text: "It was" }, finished));
    expect(turn).toMatchObject({ state: "answered", text: REPLY.answer, citations: REPLY.citations, milliseconds: 12.5 });
  });

  it("waits for a permission and goes on once it is answered", () => {
    const asking: RunEvent = { type: "permission.asked", seq: 3, tool: "send", arguments: { to: "Ada" }, effects: "writes" };
    const started: RunEvent = {
      ...{ type: "run.started", seq: 1, run_id: "r1", question: "?", collection: "trees" },
      ...{ retriever: "default", generator: "default" },
    };
    const waits = [asked, received(started, asking), { type: "ended", id: 1 } as const];
    expect(after(...waits)[0]).toMatchObject({ state: "waiting", runId: "r1", permission: { tool: "send" } });
    expect(after(...waits, received(finished))[0]?.state).toBe("waiting");
    const [turn] = after(...waits, { type: "permitted", id: 1 }, received(finished));
    expect(turn).toMatchObject({ state: "answered", permission: null });
  });

  it("keeps a refusal apart from an answer", () => {
    const refused = { ...finished, answer: { ...REPLY, refused: true, citations: [] } };
    expect(after(asked, received(refused))[0]?.state).toBe("refused");
  });

  it("opens what comes closest to a refused answer in the place of what an answer cites", () => {
    const before = { searched: "How high?", num_passages: 6, terms: [] }; // as servers were that showed none
    const missing = { ...before, closest: CLOSEST };
    const [near] = after(asked, received({ ...finished, answer: answer("Not found.", { refused: true, missing }) }));
    expect(near && placesOf(near)).toEqual([CLOSEST]);
    expect(announcement(near)).toBe("No answer: Not found. A passage that comes close is shown.");
    const [old] = after(asked, received({ ...finished, answer: answer("Not found.", { refused: true, missing: before }) }));
    expect(old?.closest).toBeNull();
    const [answered] = after(asked, received(finished));
    expect(answered && placesOf(answered)).toEqual(REPLY.citations);
  });

  it("fails with the server's words", () => {
    const [turn] = after(asked, received({ type: "error", seq: 1, error: "GenerationError", message: "no model", found: [] }));
    expect(turn).toMatchObject({ state: "failed", error: "no model" });
  });

  it("is stopped when the server says that somebody has cancelled it", () => {
    const [turn] = after(asked, received({ type: "error", seq: 1, error: "RunCancelledError", message: "cancelled", found: [] }));
    expect(turn).toMatchObject({ state: "stopped", error: null });
  });

  it("fails when the stream ends without an answer", () => {
    expect(after(asked, { type: "ended", id: 1 })[0]?.state).toBe("failed");
    expect(after(asked, received(finished), { type: "ended", id: 1 })[0]?.state).toBe("answered");
  });

  it("stays stopped, whatever arrives late", () => {
    const [turn] = after(asked, { type: "stopped", id: 1 }, received(finished), { type: "failed", id: 1, message: "late" });
    expect(turn).toMatchObject({ state: "stopped", text: "", error: null });
  });

  it("ignores events that it does not know", () => {
    const unknown = { type: "permission.requested", seq: 1 } as unknown as RunEvent;
    expect(after(asked, received(unknown))).toEqual([{ ...after(asked)[0], seq: 1 }]);
  });

  it("takes up every event once, also when a stream begins again", () => {
    const first: RunEvent = { type: "token", seq: 4, text: "It is " };
    const [turn] = after(asked, received(first), { type: "reconnecting", id: 1 });
    expect(turn).toMatchObject({ isReconnecting: true, text: "It is " });
    const [again] = after(asked, received(first), { type: "reconnecting", id: 1 }, received(first, { type: "token", seq: 5, text: "30" }));
    expect(again).toMatchObject({ isReconnecting: false, text: "It is 30", seq: 5 });
  });

  it("looks for a lost connection no more once it has failed or was stopped", () => {
    const lost: ConversationAction[] = [asked, { type: "reconnecting", id: 1 }];
    expect(after(...lost, { type: "failed", id: 1, message: "no answer" })[0]).toMatchObject({ error: "no answer", isReconnecting: false });
    expect(after(...lost, { type: "stopped", id: 1 })[0]).toMatchObject({ state: "stopped", isReconnecting: false });
  });

  it("loses a replaced turn and all that follow", () => {
    const turns = after(asked, received(finished), { ...asked, id: 2 }, { ...asked, id: 3 }, { type: "replaced", id: 2 });
    expect(turns.map(({ id }) => id)).toEqual([1]);
    expect(after(asked, { type: "cleared" })).toEqual([]);
  });

  it("is built anew of what the server has kept", () => {
    const run = { run_id: "r1", collection: "trees", question: "How high?", state: "done", created_at: "", finished_at: null };
    const conversation = { conversation_id: "c", title: "", collection: "trees", share_token: null, created_at: "", updated_at: "" };
    const started: RunEvent = {
      ...{ type: "run.started", seq: 1, run_id: "r1", question: "How high?", collection: "trees" },
      ...{ retriever: "default", generator: "default" },
    };
    const token: RunEvent = { type: "token", seq: 2, text: "It" };
    const turns = [
      { run, events: [started, finished], rating: "up" as const },
      { run: { ...run, state: "cancelled" }, events: [started, token], rating: null },
      { run: { ...run, state: "interrupted" }, events: [started], rating: null },
      { run: { ...run, state: "running" }, events: [started, token], rating: null },
    ];
    const restored = restoredTurns({ conversation, turns }, 5);
    expect(restored.map(({ id, state, rating }) => [id, state, rating])).toEqual([
      [5, "answered", "up"],
      [6, "stopped", null],
      [7, "failed", null],
      [8, "running", null],
    ]);
    expect(restored[3]).toMatchObject({ text: "It", seq: 2, runId: "r1" });
  });
});

describe("an answer in words", () => {
  it("is copied with its numbers and sources", () => {
    const [turn] = after(asked, received(finished));
    expect(plainText(turn as Turn)).toBe(
      "It is 30 m high. [1] It is old.\n\n[1] The oak, page 2: “The oak is 30 m high.”",
    );
  });

  it("is announced when it is complete, and its steps before", () => {
    const [running] = after(asked, received({ type: "step.started", seq: 1, step: "retrieve" }));
    expect(announcement(running)).toBe("Searching the documents");
    expect(announcement(after(asked, received(finished))[0])).toBe("Answer: It is 30 m high. It is old. 1 citation.");
  });
});

describe("a question", () => {
  it("says when it is too long to be asked, counted as the server counts", () => {
    expect(tooLong(` ${"🐝".repeat(20_000)}\n`)).toBeNull();
    expect(tooLong("a".repeat(25_310))).toBe("A question has at most 20,000 characters, this one has 25,310.");
  });
});
