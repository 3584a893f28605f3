import { act, type ComponentProps, type ReactElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, expect, it, vi } from "vitest";
import type { Client } from "../src/client/client";
import { useLoaded } from "../src/hooks/useLoaded";
import type { SearchTest } from "../src/components/SearchTest";
import { SearchPage } from "../src/SearchPage";
import { SchedulesPage } from "../src/SchedulesPage";
import { hooked } from "./hooks";

afterEach(() => vi.unstubAllGlobals());

it("keeps what was loaded when loading it again fails", async () => {
  const replies = [async () => "oak", () => Promise.reject(new Error("no answer"))];
  const load = (): Promise<string> => (replies.shift() ?? (async () => "elm"))();
  const loaded = await hooked(() => useLoaded(load));
  expect(loaded.current).toMatchObject({ value: "oak", error: null });
  await act(async () => loaded.current.reload());
  expect(loaded.current).toMatchObject({ value: "oak", error: "no answer" });
  await act(async () => loaded.current.reload());
  expect(loaded.current).toMatchObject({ value: "elm", error: null });
});

it("leaves the form of schedules in view when looking again fails", async () => {
  vi.useFakeTimers();
  const schedules = vi.fn().mockResolvedValueOnce([]).mockRejectedValue(new Error("no answer"));
  const props = { client: { schedules } as unknown as Client, canWrite: true, collection: "trees", collections: [] };
  const page = await hooked(() => SchedulesPage(props));
  await act(() => vi.advanceTimersByTimeAsync(15_000));
  vi.useRealTimers();
  expect(renderToStaticMarkup(page.current)).toMatch(/no answer.*Add the schedule/s);
});

it("shows what the last comparison found, whichever answers last", async () => {
  const answers: ((found: unknown) => void)[] = [];
  const client = { retrievers: async () => [], search: () => new Promise((resolve) => answers.push(resolve)) };
  const props = { client: client as unknown as Client, collection: "trees", onOpen: () => undefined };
  const page = await hooked(() => SearchPage(props) as ReactElement<ComponentProps<typeof SearchTest>>);
  const compare = (query: string) => act(async () => page.current.props.onCompare({ query, pipelines: ["dense", "lexical"] }));
  await compare("oak");
  await compare("elm");
  await act(async () => [2, 3, 0, 1].forEach((at) => answers[at]?.({ hits: [], at })));
  expect(page.current.props).toMatchObject({ compared: { query: "elm" }, sides: [{ found: { at: 2 } }, { found: { at: 3 } }] });
});
