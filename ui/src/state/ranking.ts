/** Two searches side by side: what both found, and how differently they rank it. Pure. */

import type { Hit } from "../client/types";

export interface Ranked {
  readonly hit: Hit;
  readonly rank: number; // from 1
  readonly otherRank: number | null; // in the other search; null: not found there
}

/** Give the hits of a search with their ranks in another. */
export function ranked(hits: readonly Hit[], others: readonly Hit[]): Ranked[] {
  const ranks = new Map(others.map((hit, at) => [hit.chunk_id, at + 1]));
  return hits.map((hit, at) => ({ hit, rank: at + 1, otherRank: ranks.get(hit.chunk_id) ?? null }));
}

/** Say how a hit's rank differs from the other search's. */
export function movement({ rank, otherRank }: Ranked): string {
  if (otherRank === null) return "only here";
  if (otherRank === rank) return "same rank";
  return `${otherRank > rank ? "▲" : "▼"} ${otherRank} there`;
}
