import { describe, expect, it } from "vitest";
import { type ServerEvent, ServerEventParser, serverEvents } from "../src/client/sse";

const STREAM = [
  ": ping\n\n",
  'id: 1\nevent: token\ndata: {"text":"Überall 🌳"}\n\n',
  "event: token\r\ndata: first\r\ndata: second\r\n\r\n",
  "data:no space\n\n",
  "event: nothing to give\n\n",
  "id: 4\ndata\n\n",
].join("");

const EVENTS: ServerEvent[] = [
  { id: "1", event: "token", data: '{"text":"Überall 🌳"}' },
  { id: "1", event: "token", data: "first\nsecond" },
  { id: "1", event: "message", data: "no space" },
  { id: "4", event: "message", data: "" },
];

function streamOf(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
      controller.close();
    },
  });
}

async function collect(stream: ReadableStream<Uint8Array>): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  for await (const event of serverEvents(stream)) events.push(event);
  return events;
}

describe("server-sent events", () => {
  const bytes = new TextEncoder().encode(STREAM);

  it.each([1, 2, 3, 5, 7, 64, 4096])("are the same in chunks of %i bytes", async (size) => {
    expect(await collect(streamOf(bytes, size))).toEqual(EVENTS);
  });

  it("keep a carriage return and its line feed together across pieces", () => {
    const parser = new ServerEventParser();
    expect(parser.feed("data: a\r")).toEqual([]);
    expect(parser.feed("\ndata: b\r\n\r")).toEqual([]);
    expect(parser.feed("\n")).toEqual([{ event: "message", data: "a\nb", id: "" }]);
  });

  it("drop an event that the end cuts off", async () => {
    expect(await collect(streamOf(new TextEncoder().encode("data: a\n\ndata: b\n"), 4))).toHaveLength(1);
  });
});
