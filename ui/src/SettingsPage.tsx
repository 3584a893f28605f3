/** The page of settings, for administrators: connects it with the server. */

import { type ReactNode, useCallback } from "react";
import type { Client } from "./client/client";
import { Failed } from "./components/Frame";
import { Settings } from "./components/Settings";
import { useLoaded } from "./hooks/useLoaded";

export function SettingsPage({ client }: { readonly client: Client }): ReactNode {
  const { value, error, reload } = useLoaded(useCallback(() => client.settings(), [client]));
  if (error !== null) return <Failed message={error} onRetry={reload} />;
  return value === null ? <p className="hint">Loading…</p> : <Settings {...value} />;
}
