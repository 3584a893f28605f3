import { act } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Client } from "../src/client/client";
import { useDocument, useOpened } from "../src/hooks/usePassage";
import { hooked } from "./hooks";

class Button {
  readonly focus = vi.fn();
  closest(): null {
    return null; // it is outside of the panel
  }
}

let cite = new Button();

beforeEach(() => {
  cite = new Button();
  vi.stubGlobal("HTMLElement", Button);
  vi.stubGlobal("document", { activeElement: cite });
  vi.stubGlobal("requestAnimationFrame", (run: () => void) => run());
});

afterEach(() => vi.unstubAllGlobals());

async function opened(): Promise<{ readonly current: ReturnType<typeof useOpened> }> {
  const panel = await hooked(useOpened);
  act(() => panel.current[1]({ kind: "citation", turnId: 1, number: 1 }));
  return panel;
}

it("gives the focus back once, when the panel closes", async () => {
  const panel = await opened();
  act(() => panel.current[2]());
  act(() => panel.current[2]());
  expect(panel.current[0]).toBeNull();
  expect(cite.focus).toHaveBeenCalledOnce();
});

it("leaves the focus where it is when the panel goes with its conversation", async () => {
  const panel = await opened();
  act(() => panel.current[3]());
  act(() => panel.current[2]());
  expect(panel.current[0]).toBeNull();
  expect(cite.focus).not.toHaveBeenCalled();
});

it("reads a document as it was when it was cited", async () => {
  const document = vi.fn(async (document_id: string, version: number | null) => ({ document_id, version }));
  const client = { document } as unknown as Client;
  expect((await hooked(() => useDocument(client, "d1", 2))).current.document).toEqual({ document_id: "d1", version: 2 });
});
