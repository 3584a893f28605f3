import { afterEach, beforeEach, expect, it, vi } from "vitest";

let asked: string[] = [];

beforeEach(() => {
  asked = [];
  vi.stubGlobal("document", { baseURI: "http://grove.test/" });
  vi.stubGlobal("sessionStorage", { getItem: () => null });
  vi.stubGlobal("fetch", async (request: Request) => {
    asked.push(request.url);
    return new Response(null, { status: 204 });
  });
});

afterEach(() => vi.unstubAllGlobals());

it("follows a run of which nothing is known yet from its start", async () => {
  const { client } = await import("../src/client/client");
  for await (const event of client.events("r1", -1, new AbortController().signal)) throw new Error(`unexpected ${event.type}`);
  for await (const event of client.events("r1", 7, new AbortController().signal)) throw new Error(`unexpected ${event.type}`);
  expect(asked.map((url) => new URL(url).search)).toEqual(["?after=0", "?after=7"]);
});
