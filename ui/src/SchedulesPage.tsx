/** The page of schedules: connects it with the server, and looks again for as long as it is open. */

import { type ReactNode, useCallback, useEffect } from "react";
import type { Client } from "./client/client";
import { Failed } from "./components/Frame";
import { Schedules } from "./components/Schedules";
import { useLoaded } from "./hooks/useLoaded";

const BUSY_MILLISECONDS = 1500;
const IDLE_MILLISECONDS = 15_000;

interface Props {
  readonly client: Client;
  readonly canWrite: boolean;
  readonly collection: string;
  readonly collections: readonly string[];
}

export function SchedulesPage({ client, canWrite, collection, collections }: Props): ReactNode {
  const { value, error, reload } = useLoaded(useCallback(() => client.schedules(), [client]));
  useEffect(() => {
    if (value === null) return;
    const isBusy = value.some(({ last_state }) => last_state === "queued" || last_state === "running");
    const timer = setTimeout(reload, isBusy ? BUSY_MILLISECONDS : IDLE_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [value, reload]);
  const failed = error !== null && <Failed message={error} onRetry={reload} />;
  if (value === null) return failed || <p className="hint">Loading…</p>;
  const andReload = async (work: Promise<void>): Promise<void> => {
    await work;
    reload();
  };
  return (
    <>
      {failed}
      <Schedules
        schedules={value}
        canWrite={canWrite}
        collection={collection}
        collections={collections}
        onAdd={(wanted) => andReload(client.addSchedule(wanted))}
        onPause={(id) => andReload(client.pauseSchedule(id))}
        onResume={(id) => andReload(client.resumeSchedule(id))}
        onRun={(id) => andReload(client.runSchedule(id))}
        onRemove={(id) => andReload(client.removeSchedule(id))}
      />
    </>
  );
}
