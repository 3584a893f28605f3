import { act, createRef } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Client } from "../src/client/client";
import { Chat } from "../src/components/Chat";
import { type Address, type Conversation, useConversation } from "../src/hooks/useConversation";
import { library, newLibrary } from "../src/state/library";
import { hooked } from "./hooks";
import { summary } from "./samples";

const FRESH: Address = { conversationId: null, sharedToken: null };
const nothing = (): void => undefined;

beforeEach(() => vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: nothing, removeItem: nothing }));
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
  const filled = library(newLibrary("trees"), { type: "documents.loaded", collection: "trees", page });
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
