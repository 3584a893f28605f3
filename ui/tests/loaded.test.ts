import { act } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, expect, it, vi } from "vitest";
import type { Client } from "../src/client/client";
import { useLoaded } from "../src/hooks/useLoaded";
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
