import { act, createRef } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Client } from "../src/client/client";
import { ServerError } from "../src/client/errors";
import { Chat } from "../src/components/Chat";
import { type Address, type Conversation, useConversation } from "../src/hooks/useConversation";
import { useConversations } from "../src/hooks/useConversations";
import { library, newLibrary } from "../src/state/library";
import { hooked } from "./hooks";
import { answer, summary } from "./samples";

const FRESH: Address = { conversationId: null, sharedToken: null };
const nothing = (): void => undefined;

const page = { hidden: false, addEventListener: vi.fn(), removeEventListener: vi.fn() };

beforeEach(() => {
  vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: nothing, removeItem: nothing });
  vi.stubGlobal("document", Object.assign(page, { hidden: false }));
});
afterEach(() => vi.unstubAllGlobals());

async function talking(changes: Partial<Record<keyof Client, unknown>>, first = FRESH): Promise<{ readonly current: Conversation }> {
  const client = {
    createConversation: async (collection: string) => ({ conversation_id: "c", title: "", collection }),
    async *ask() {},
    ...changes,
  };
  return hooked(() => useConversation(client as unknown as Client, first));
}

function shown(talk: Conversation): string {
  const page = { documents: [summary()], next: null };
  const filled = library(newLibrary("trees"), { type: "documents.loaded", collection: "trees", wanted: 100, page });
  return renderToStaticMarkup(
    <Chat
      library={filled}
      rights={{ ask: true, write: true, admin: true }}
      talk={talk}
      opened={null}
      composer={createRef()}
      onOpenLibrary={null}
      onCite={nothing}
      onAdd={nothing}
      onStartOver={nothing}
      share={null}
    />,
  );
}

it("takes no question while a conversation is being opened", async () => {
  const talk = await talking({ conversation: () => new Promise(nothing) }, { ...FRESH, conversationId: "c" });
  expect(shown(talk.current)).toMatch(/<form class="composer">.*Opening the conversation…/s);
});

describe("a conversation that cannot be opened", () => {
  const opening = async (...problems: Error[]) => {
    const conversation = vi.fn(async () => {
      const problem = problems.shift();
      if (problem !== undefined) throw problem;
      return { conversation: { conversation_id: "c", title: "", collection: "trees" }, turns: [] };
    });
    return talking({ conversation }, { ...FRESH, conversationId: "c" });
  };

  it("for a moment is tried again, and takes no question until then", async () => {
    const talk = await opening(new ServerError(503, "one moment"));
    expect(shown(talk.current)).toMatch(/one moment.*Try again.*Open the conversation first/s);
    await act(async () => talk.current.openAgain?.());
    expect(talk.current).toMatchObject({ error: null, openAgain: null, summary: { conversation_id: "c" } });
  });

  it("since it is gone says so until another is begun", async () => {
    const talk = await opening(new ServerError(404, "no such conversation"));
    expect(shown(talk.current)).not.toContain("Try again");
    await act(async () => talk.current.ask("How high?", "trees"));
    expect(talk.current.error).toBeNull();
  });
});

describe("a shared conversation that goes on", () => {
  const run = { run_id: "r1", collection: "trees", question: "How high?", state: "running" };
  const stored = (run: object, ...events: object[]) => ({ conversation: { conversation_id: "c", title: "" }, turns: [{ run, events, rating: null }] });
  const pass = (milliseconds: number) => act(() => vi.advanceTimersByTimeAsync(milliseconds));
  const following = async (...problems: Error[]) => {
    const sharedConversation = vi.fn(async () => stored(run));
    const events = vi.fn();
    const talk = await talking({ sharedConversation, events }, { ...FRESH, sharedToken: "t" });
    for (const problem of problems) sharedConversation.mockRejectedValueOnce(problem);
    return { sharedConversation, events, talk };
  };
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is read again until it is done, for its events are the asker's alone", async () => {
    const { sharedConversation, events, talk } = await following();
    const [before] = talk.current.turns;
    sharedConversation.mockResolvedValue(stored({ ...run, state: "done" }, { type: "answer.finished", seq: 1, answer: answer("30 m.") }));
    await pass(10_000);
    expect(talk.current.turns).toMatchObject([{ id: before?.id, state: "answered", text: "30 m." }]);
    expect([sharedConversation.mock.calls.length, events.mock.calls.length]).toEqual([2, 0]);
  });

  it("is shown and looked for again when a look fails", async () => {
    const { sharedConversation, talk } = await following(new TypeError("no network"), new ServerError(503, "one moment"), new ServerError(429, "too often"));
    await pass(9500);
    expect(talk.current).toMatchObject({ error: null, turns: [{ state: "running" }] });
    await pass(3000);
    expect(sharedConversation).toHaveBeenCalledTimes(5);
  });

  it.each([
    [404, "no such conversation", false],
    [403, "not with this key", true],
  ])("is looked for no more once the server says %i, and why", async (status, error, mayOpen) => {
    const { sharedConversation, talk } = await following(new ServerError(status, error));
    await pass(20_000);
    expect([talk.current.error, talk.current.openAgain !== null]).toEqual([error, mayOpen]);
    expect(sharedConversation).toHaveBeenCalledTimes(2);
  });

  it("is looked for when the page is in view", async () => {
    const { sharedConversation } = await following();
    page.hidden = true;
    await pass(20_000);
    expect(sharedConversation).toHaveBeenCalledTimes(1);
    page.hidden = false;
    await act(async () => page.addEventListener.mock.lastCall?.[1]());
    expect(sharedConversation).toHaveBeenCalledTimes(2);
  });

  it("is looked for no more once it is left", async () => {
    const { sharedConversation, talk } = await following();
    await act(async () => talk.current.clear());
    await pass(20_000);
    expect(sharedConversation).toHaveBeenCalledTimes(1);
  });

  it("is looked for no more once it is left by a page that was out of view", async () => {
    const { talk } = await following();
    page.hidden = true;
    await pass(20_000);
    const [event, look] = page.addEventListener.mock.lastCall ?? [];
    await act(async () => talk.current.clear());
    expect(page.removeEventListener).toHaveBeenLastCalledWith(event, look);
  });
});

it("stays in the new conversation when the one before is begun only then", async () => {
  let begin: (begun: unknown) => void = nothing;
  const ask = vi.fn();
  const talk = await talking({ createConversation: () => new Promise((resolve) => (begin = resolve)), ask });
  act(() => talk.current.ask("How high?", "trees"));
  act(() => talk.current.clear());
  await act(async () => begin({ conversation_id: "c", title: "", collection: "trees" }));
  expect(talk.current).toMatchObject({ summary: null, turns: [] });
  expect(ask).not.toHaveBeenCalled();
});

it("does not say that an answer was stopped when the server did not take it", async () => {
  const cancel = () => Promise.reject(new Error("the server is busy"));
  const talk = await talking({
    cancel,
    async *ask() {
      yield { type: "run.started", seq: 1, run_id: "r1" };
      await new Promise(nothing);
    },
  });
  await act(async () => talk.current.ask("How high?", "trees"));
  await act(async () => talk.current.stop());
  expect(talk.current.turns).toMatchObject([{ state: "failed", error: expect.stringMatching(/could not be stopped.* the server is busy/) }]);
});

it("ends a run once that was stopped before the server had named it", async () => {
  let name: () => void = nothing;
  const cancel = vi.fn(async () => undefined);
  const talk = await talking({
    cancel,
    async *ask() {
      await new Promise<void>((resolve) => (name = resolve));
      yield { type: "run.started", seq: 1, run_id: "r1" };
      yield { type: "step.started", seq: 2, step: "retrieve" };
    },
  });
  await act(async () => talk.current.ask("How high?", "trees"));
  act(() => talk.current.stop());
  await act(async () => name());
  expect(cancel.mock.calls).toEqual([["r1"]]);
  expect(talk.current.turns).toMatchObject([{ state: "stopped" }]);
});

describe("the list of conversations", () => {
  const listing = async (ask: () => AsyncGenerator) => {
    const kept: object[] = [];
    const conversations = vi.fn(async () => ({ conversations: [...kept], next: null, can_share: true }));
    const createConversation = async () => {
      kept.push({ conversation_id: "c" });
      return { conversation_id: "c", title: "", collection: "trees" };
    };
    const stored = { conversation: { conversation_id: "c", title: "" }, turns: [{ run: { run_id: "r0", state: "done" }, events: [], rating: null }] };
    const client = { conversations, createConversation, ask, conversation: async () => stored } as unknown as Client;
    const both = await hooked(() => {
      const talk = useConversation(client, FRESH);
      return { talk, listed: useConversations(client, talk.version)[0].listed };
    });
    const after = async (step: (talk: Conversation) => void): Promise<void> => {
      await act(async () => step(both.current.talk));
      await act(() => vi.advanceTimersByTimeAsync(1));
    };
    await after(nothing);
    return { conversations, both, after };
  };
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("has the one whose first question does not begin", async () => {
    const { conversations, both, after } = await listing(async function* () {
      throw new ServerError(503, "the model is still loading");
    });
    await after((talk) => talk.ask("How high?", "trees"));
    expect(both.current).toMatchObject({ listed: [{ conversation_id: "c" }], talk: { turns: [{ state: "failed" }] } });
    expect(conversations).toHaveBeenCalledTimes(2);
  });

  it("has the one that is left before its first question begins", async () => {
    const { both, after } = await listing(async function* () {});
    await after((talk) => {
      talk.ask("How high?", "trees");
      talk.clear();
    });
    expect(both.current).toMatchObject({ listed: [{ conversation_id: "c" }], talk: { turns: [] } });
  });

  it("is read once a question, also of one that is asked again, and not for one that is opened", async () => {
    let run = 0;
    const { conversations, after } = await listing(async function* () {
      yield { type: "run.started", seq: 1, run_id: `r${++run}` };
      yield { type: "answer.finished", seq: 2, answer: answer("30 m.") };
    });
    const again = (talk: Conversation): void => talk.turns.slice(-1).forEach((turn) => talk.askInstead(turn, turn.question));
    for (const step of [(talk: Conversation) => talk.ask("How high?", "trees"), (talk: Conversation) => talk.ask("How old?", "trees"), again]) {
      const before = conversations.mock.calls.length;
      await after(step);
      expect(conversations.mock.calls.length - before).toBe(1);
    }
    await after((talk) => talk.open({ ...FRESH, conversationId: "c" }));
    expect([conversations.mock.calls.length, run]).toEqual([4, 3]);
  });
});

describe("a question that is asked again", () => {
  const started = (run_id: string) => ({ type: "run.started", seq: 1, run_id });
  const asked = async (...runs: (() => AsyncGenerator)[]) => {
    const ask = vi.fn(() => (runs.shift() ?? nothingComes)());
    const talk = await talking({ ask, cancel: async () => undefined });
    await act(async () => talk.current.ask("How high?", "trees"));
    return { ask, talk };
  };
  async function* nothingComes(): AsyncGenerator {}
  async function* answers(): AsyncGenerator {
    yield started("r1");
    yield { type: "answer.finished", seq: 2, answer: answer("30 m.") };
  }
  async function* refuses(): AsyncGenerator {
    throw new Error("no model");
  }
  const again = (talk: { readonly current: Conversation }) =>
    act(async () => {
      const [turn] = talk.current.turns;
      if (turn !== undefined) talk.current.askInstead(turn, turn.question);
    });

  it("comes in the place of what it replaces, also when an attempt has failed", async () => {
    const { ask, talk } = await asked(answers, refuses);
    await again(talk);
    expect(talk.current.turns).toMatchObject([{ state: "failed", runId: null }]);
    await again(talk);
    expect(ask.mock.lastCall).toMatchObject([{ replaces: "r1" }, {}]);
  });

  it("replaces what was stopped before the server had named it", async () => {
    let name: () => void = nothing;
    const { ask, talk } = await asked(async function* () {
      await new Promise<void>((resolve) => (name = resolve));
      yield started("r2");
    });
    act(() => talk.current.stop());
    await act(async () => name());
    await again(talk);
    expect(ask.mock.lastCall).toMatchObject([{ replaces: "r2" }, {}]);
  });
});
