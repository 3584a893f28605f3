/** Figures of what was asked and thought, made of lists that the server gives. Pure. */

import type { Feedback, RunSummary } from "../client/types";

export interface Latency {
  readonly question: string;
  readonly milliseconds: number;
}

export interface Day {
  readonly day: string; // 2026-11-28
  readonly up: number;
  readonly down: number;
}

/** Give how long each answered question took, oldest first; a millisecond at least. */
export function latencies(runs: readonly RunSummary[]): Latency[] {
  return runs
    .filter((run) => run.state === "done" && run.finished_at !== null)
    .map((run) => ({
      question: run.question,
      milliseconds: Math.max(1, Date.parse(run.finished_at ?? "") - Date.parse(run.created_at)),
    }))
    .reverse();
}

/** Give the value below which a share of the values lies; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

/** Count judgements by day of UTC, oldest first. */
export function days(feedback: readonly Feedback[]): Day[] {
  const counts = new Map<string, Day>();
  for (const { created_at, rating } of feedback.toReversed()) {
    const day = created_at.slice(0, 10);
    const before = counts.get(day) ?? { day, up: 0, down: 0 };
    counts.set(day, rating === "up" ? { ...before, up: before.up + 1 } : { ...before, down: before.down + 1 });
  }
  return [...counts.values()];
}
