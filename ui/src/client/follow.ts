/** A run's events to their end, over as many connections as it takes. */

import { isLoss } from "./errors";
import type { RunEvent } from "./types";

export interface Follow {
  readonly first: AsyncIterable<RunEvent>;
  readonly again: (runId: string, after: number) => AsyncIterable<RunEvent>;
  readonly onEvent: (event: RunEvent) => void;
  readonly onLost: () => void; // the connection broke, and another is tried
  readonly pause: (milliseconds: number) => Promise<void>;
}

/** How far a run was followed. */
export interface Followed {
  readonly runId: string | null;
  readonly after: number;
}

const PAUSES = [300, 1000, 2000, 4000, 8000]; // milliseconds before each further attempt; news start them anew
const LAST = new Set<RunEvent["type"]>(["answer.finished", "error", "permission.asked"]);

/** Follow a run; false when its stream ended for good before it told how the run ended. */
export async function follow({ first, again, onEvent, onLost, pause }: Follow, from: Followed): Promise<boolean> {
  let { runId, after } = from;
  let events = first;
  for (let attempt = 0; ; attempt += 1) {
    try {
      for await (const event of events) {
        if (event.type === "run.started") runId = event.run_id;
        after = event.seq;
        attempt = 0;
        onEvent(event);
        if (LAST.has(event.type)) return true;
      }
      if (runId === null || attempt > 0) return false; // the server has no more to tell
    } catch (error) {
      if (runId === null || !isLoss(error) || attempt >= PAUSES.length) throw error;
    }
    onLost();
    await pause(PAUSES[attempt] ?? 0);
    events = again(runId, after);
  }
}
