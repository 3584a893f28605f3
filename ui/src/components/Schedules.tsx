/** Buckets that are synchronised again and again: which, when, how the last time went. */

import { type ReactNode, useRef, useState } from "react";
import { messageOf } from "../client/errors";
import type { Schedule, WantedSchedule } from "../client/types";
import { focusAfter } from "../focus";
import { ago, ahead, timing } from "../text/words";
import { Icon } from "./icons";
import { ScheduleForm } from "./ScheduleForm";

interface Props {
  readonly schedules: readonly Schedule[];
  readonly canWrite: boolean; // false: they are only looked at
  readonly collection: string; // the one that a new schedule fills unless another is chosen
  readonly collections: readonly string[];
  readonly onAdd: (wanted: WantedSchedule) => Promise<void>;
  readonly onPause: (id: string) => Promise<void>;
  readonly onResume: (id: string) => Promise<void>;
  readonly onRun: (id: string) => Promise<void>;
  readonly onRemove: (id: string) => Promise<void>;
}

export function Schedules(props: Props): ReactNode {
  const { schedules, canWrite, collection, collections, onAdd } = props;
  const [said, say] = useState("");
  const heading = useRef<HTMLHeadingElement>(null);
  return (
    <>
      <p className="lead">A schedule keeps a collection as its buckets are: it adds what is new, replaces what has changed, and deletes what is gone.</p>
      {canWrite && (
        <ScheduleForm
          collection={collection}
          collections={collections}
          onAdd={async (wanted) => {
            await onAdd(wanted);
            say("The schedule was added.");
          }}
        />
      )}
      <h2 className="list-title" ref={heading} tabIndex={-1}>
        Schedules <span>{schedules.length}</span>
      </h2>
      {schedules.length === 0 && <p className="hint">Nothing is synchronised on a schedule yet.</p>}
      <ul className="rows" aria-label="Schedules">
        {schedules.map((schedule) => (
          <Row
            key={schedule.schedule_id}
            {...props}
            schedule={schedule}
            onSay={say}
            onRemove={(id) => focusAfter(props.onRemove(id), heading.current)}
          />
        ))}
      </ul>
      <p className="visually-hidden" role="status">
        {said}
      </p>
    </>
  );
}

type RowProps = Pick<Props, "canWrite" | "onPause" | "onResume" | "onRun" | "onRemove"> & {
  readonly schedule: Schedule;
  readonly onSay: (text: string) => void;
};

function Row({ schedule, canWrite, onPause, onResume, onRun, onRemove, onSay }: RowProps): ReactNode {
  const [isAsking, setAsking] = useState(false);
  const [wasKept, setKept] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const { schedule_id: id, places, collection, is_paused } = schedule;
  const name = places.join(", ");
  const keep = (): void => {
    setAsking(false);
    setKept(true); // the focus goes back to where the question came from
  };
  const attempt = (work: Promise<void>, done: string): void => {
    setError(null);
    work.then(
      () => onSay(done),
      (problem: unknown) => setError(messageOf(problem)),
    );
  };
  return (
    <li className={isAsking ? "row asking" : "row"}>
      <span className="row-main">
        <span className="row-name" title={name}>
          {name}
        </span>
        <span className="row-state">
          to “{collection}” · {timing(schedule.timing)} · {is_paused ? <b>paused</b> : `next ${ahead(schedule.next_run_at, Date.now())}`}
        </span>
        <span className="row-state">{lastRun(schedule)}</span>
        {isAsking && (
          <span className="row-choices">
            <button type="button" className="danger" onClick={() => attempt(onRemove(id), "The schedule was removed.")}>
              Remove
            </button>
            <button type="button" autoFocus onClick={keep}>
              Keep
            </button>
          </span>
        )}
        <span className="field-error" role="alert">
          {error}
        </span>
      </span>
      {!isAsking && canWrite && (
        <span className="row-actions">
          <button type="button" className="icon-button" title="Run now" aria-label={`Run ${name} now`} onClick={() => attempt(onRun(id), "It was queued.")}>
            <Icon name="retry" />
          </button>
          {is_paused ? (
            <button type="button" className="icon-button" title="Resume" aria-label={`Resume ${name}`} onClick={() => attempt(onResume(id), "Resumed.")}>
              <Icon name="play" />
            </button>
          ) : (
            <button type="button" className="icon-button" title="Pause" aria-label={`Pause ${name}`} onClick={() => attempt(onPause(id), "Paused.")}>
              <Icon name="pause" />
            </button>
          )}
          <button
            type="button"
            className="icon-button"
            title="Remove"
            aria-label={`Remove ${name}`}
            autoFocus={wasKept}
            onClick={() => setAsking(true)}
          >
            <Icon name="remove" />
          </button>
        </span>
      )}
    </li>
  );
}

/** Say how the last run went: when, what its job is doing, and what it left alone. */
function lastRun({ last_run_at, last_state, last_result }: Schedule): string {
  if (last_run_at === null) return "has not run yet";
  return [`last run ${ago(last_run_at, Date.now())}`, last_result ?? last_state].filter((part) => part !== null).join(": ");
}
