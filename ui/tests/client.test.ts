import { afterEach, beforeEach, expect, it, vi } from "vitest";

let asked: string[] = [];
let replies: unknown[] = [];

beforeEach(() => {
  asked = [];
  replies = [];
  vi.stubGlobal("document", { baseURI: "http://grove.test/" });
  vi.stubGlobal("sessionStorage", { getItem: () => null });
  vi.stubGlobal("fetch", async (request: Request) => {
    asked.push(request.url);
    const reply = replies.shift();
    return reply === undefined ? new Response(null, { status: 204 }) : Response.json(reply);
  });
});

afterEach(() => vi.unstubAllGlobals());

it("follows a run of which nothing is known yet from its start", async () => {
  const { client } = await import("../src/client/client");
  for await (const event of client.events("r1", -1, new AbortController().signal)) throw new Error(`unexpected ${event.type}`);
  for await (const event of client.events("r1", 7, new AbortController().signal)) throw new Error(`unexpected ${event.type}`);
  expect(asked.map((url) => new URL(url).search)).toEqual(["?after=0", "?after=7"]);
});

it("lists as many documents as are wanted, in as many requests as it takes", async () => {
  const { client } = await import("../src/client/client");
  const named = (...names: string[]) => names.map((source) => ({ source }));
  replies = [{ documents: named("a"), next: "a" }, { documents: named("b"), next: "b" }];
  expect(await client.documents("trees", 1100)).toEqual({ documents: named("a", "b"), next: "b" });
  expect(asked.map((url) => new URL(url).search)).toEqual(["?limit=1000", "?limit=100&after=a"]);
  replies = [{ documents: named("a"), next: null }];
  expect(await client.documents("trees", 2000)).toEqual({ documents: named("a"), next: null });
});

it("sends files again when the server has had too many requests", async () => {
  vi.useFakeTimers();
  const statuses = [429, 429, 202];
  const sentAt: number[] = [];
  class Sending {
    readonly upload = {};
    readonly responseText = '{"job_id": "j1"}';
    status = 0;
    onload = (): void => undefined;
    open(): void {}
    getResponseHeader(): string {
      return "3";
    }
    send(): void {
      this.status = statuses.shift() ?? 0;
      sentAt.push(Date.now());
      this.onload();
    }
  }
  vi.stubGlobal("XMLHttpRequest", Sending);
  const { client } = await import("../src/client/client");
  const job = client.upload("trees", [new File(["oak"], "oak.md")], () => undefined);
  await vi.advanceTimersByTimeAsync(6000);
  vi.useRealTimers();
  expect(await job).toEqual({ job_id: "j1" });
  expect(sentAt.map((at) => at - (sentAt[0] ?? 0))).toEqual([0, 3000, 6000]);
});
