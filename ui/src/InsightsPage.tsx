/** The page of plots: connects it with the server. */

import { type ReactNode, useCallback } from "react";
import type { Client } from "./client/client";
import { ServerError } from "./client/errors";
import { Failed } from "./components/Frame";
import { Insights } from "./components/Insights";
import { useLoaded } from "./hooks/useLoaded";

const FORBIDDEN = 403;

export function InsightsPage({ client }: { readonly client: Client }): ReactNode {
  const load = useCallback(async () => {
    const [collections, runs, feedback] = await Promise.all([client.collections(), client.runs(), forAdministrators(client.feedback())]);
    return { collections, runs, feedback };
  }, [client]);
  const { value, error, reload } = useLoaded(load);
  if (error !== null) return <Failed message={error} onRetry={reload} />;
  return value === null ? <p className="hint">Loading…</p> : <Insights {...value} />;
}

/** Give what only administrators see, and to others null. */
async function forAdministrators<Value>(wanted: Promise<Value>): Promise<Value | null> {
  try {
    return await wanted;
  } catch (error) {
    if (error instanceof ServerError && error.status === FORBIDDEN) return null;
    throw error;
  }
}
