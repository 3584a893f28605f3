import { type ReactNode, useState } from "react";
import { messageOf } from "../client/errors";
import type { WantedSchedule } from "../client/types";

interface Props {
  readonly collection: string;
  readonly collections: readonly string[];
  readonly onAdd: (wanted: WantedSchedule) => Promise<void>;
}

/** Ask for a new schedule: what is synchronised, where to, and when. */
export function ScheduleForm({ collection, collections, onAdd }: Props): ReactNode {
  const [places, setPlaces] = useState("");
  const [target, setTarget] = useState(collection);
  const [kind, setKind] = useState<"every" | "cron">("every");
  const [when, setWhen] = useState("1h");
  const [error, setError] = useState<string | null>(null);
  const add = (): void => {
    const lines = places.split("\n").map((line) => line.trim());
    const timing = kind === "every" ? { every: when.trim(), cron: null } : { every: null, cron: when.trim() };
    onAdd({ collection: target, places: lines.filter((line) => line !== ""), ...timing }).then(
      () => {
        setPlaces("");
        setError(null);
      },
      (problem: unknown) => setError(messageOf(problem)),
    );
  };
  return (
    <form
      className="key-form"
      aria-label="New schedule"
      onSubmit={(event) => {
        event.preventDefault();
        add();
      }}
    >
      <span className="field places-field">
        <label htmlFor="schedule-places">Buckets, one address a line</label>
        <textarea
          id="schedule-places"
          required
          rows={2}
          placeholder="s3://reports/2026"
          spellCheck={false}
          value={places}
          onChange={(event) => setPlaces(event.target.value)}
        />
      </span>
      <span className="field">
        <label htmlFor="schedule-collection">Into the collection</label>
        <select id="schedule-collection" value={target} onChange={(event) => setTarget(event.target.value)}>
          {[...new Set([collection, ...collections])].map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </span>
      <span className="field">
        <label htmlFor="schedule-kind">When</label>
        <select
          id="schedule-kind"
          value={kind}
          onChange={(event) => {
            const next = event.target.value === "cron" ? "cron" : "every";
            setKind(next);
            setWhen(next === "every" ? "1h" : "0 3 * * *");
          }}
        >
          <option value="every">at an interval</option>
          <option value="cron">by the clock, UTC</option>
        </select>
      </span>
      <span className="field">
        <label htmlFor="schedule-when">{kind === "every" ? "Interval: 30s, 15m, 2h, 1d" : "Minute, hour, day, month, weekday"}</label>
        <input id="schedule-when" required maxLength={kind === "every" ? 20 : 200} value={when} onChange={(event) => setWhen(event.target.value)} />
      </span>
      <button type="submit" className="primary">
        Add the schedule
      </button>
      <p className="field-error" role="alert">
        {error}
      </p>
    </form>
  );
}
