/** Server-sent events read from a fetch response: the ask request is a POST, which EventSource cannot send. */

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string;
}

/** Split a byte stream into events; an event that the stream's end cuts off is dropped, as the standard says. */
export async function* serverEvents(bytes: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const parser = new ServerEventParser();
  const decoder = new TextDecoder();
  const reader = bytes.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => undefined); // after an abort the stream has failed already
  }
}

/** Turns pieces of text, cut anywhere, into events. */
export class ServerEventParser {
  #rest = "";
  #event = "";
  #data: string[] = [];
  #id = "";

  /** Take the next piece and give the events that it completes. */
  feed(piece: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") events.push(...this.#dispatch());
      else this.#field(line);
    }
    return events;
  }

  #field(line: string): void {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") this.#event = value;
    else if (name === "data") this.#data.push(value);
    else if (name === "id") this.#id = value;
    // A line that starts with a colon has no name: a comment, which keeps the connection open.
  }

  #dispatch(): ServerEvent[] {
    const ended = { event: this.#event || "message", data: this.#data.join("\n"), id: this.#id };
    const isEmpty = this.#data.length === 0;
    this.#event = "";
    this.#data = [];
    return isEmpty ? [] : [ended];
  }
}
