import { describe, expect, it } from "vitest";
import { ServerError } from "../src/client/errors";
import { follow } from "../src/client/follow";
import type { RunEvent } from "../src/client/types";
import { answer } from "./samples";

const started: RunEvent = {
  ...{ type: "run.started", seq: 1, run_id: "r1", question: "?", collection: "trees" },
  ...{ retriever: "default", generator: "default" },
};
const token = (seq: number): RunEvent => ({ type: "token", seq, text: `${seq} ` });
const finished: RunEvent = { type: "answer.finished", seq: 9, answer: answer("Yes.") };
type Piece = RunEvent | Error;

async function* stream(pieces: readonly Piece[]): AsyncGenerator<RunEvent> {
  for (const piece of pieces) {
    if (piece instanceof Error) throw piece;
    yield piece;
  }
}

/** Follow streams one after the other; give what was seen, where each began, and how it ended. */
async function followed(...streams: readonly (readonly Piece[])[]) {
  const seen: number[] = [];
  const begun: string[] = [];
  const pauses: number[] = [];
  const rest = [...streams];
  const isOver = await follow(
    {
      first: stream(rest.shift() ?? []),
      again: (runId, after) => {
        begun.push(`${runId} after ${after}`);
        return stream(rest.shift() ?? []);
      },
      onEvent: (event) => seen.push(event.seq),
      onLost: () => undefined,
      pause: async (milliseconds) => void pauses.push(milliseconds),
    },
    { runId: null, after: -1 },
  ).catch((error: unknown) => error);
  return { seen, begun, isOver, pauses };
}

describe("a run", () => {
  it("is followed to its end over one connection", async () => {
    expect(await followed([started, token(2), finished])).toMatchObject({ seen: [1, 2, 9], begun: [], isOver: true });
  });

  it("goes on where a cut connection ended", async () => {
    const cut = new TypeError("network error");
    const { seen, begun, isOver } = await followed([started, token(2), cut], [token(3), cut], [], [finished]);
    expect([seen, begun, isOver]).toEqual([[1, 2, 3], ["r1 after 2", "r1 after 3"], false]);
    expect((await followed([started, token(2)], [token(3)], [finished])).isOver).toBe(true);
  });

  it("is given up after some attempts, each later than the one before", async () => {
    const down = new ServerError(503, "starting");
    const { isOver, pauses } = await followed([started, down], [down], [down], [down], [down], [down]);
    expect(isOver).toBe(down);
    expect(pauses).toEqual([300, 1000, 2000, 4000, 8000]);
  });

  it("is not asked for again where the server says no, or nothing began", async () => {
    const gone = new ServerError(404, "no run");
    expect(await followed([started, gone], [finished])).toMatchObject({ isOver: gone, begun: [] });
    expect(await followed([token(1)], [finished])).toMatchObject({ isOver: false, begun: [] });
  });
});
