import { useCallback, useEffect, useState } from "react";
import { messageOf } from "../client/errors";

export interface Loaded<Value> {
  readonly value: Value | null; // null until it was loaded once
  readonly error: string | null;
  readonly reload: () => void;
}

/** Load something when the component appears, and again when asked to; `load` must be stable. */
export function useLoaded<Value>(load: () => Promise<Value>): Loaded<Value> {
  const [state, setState] = useState<{ value: Value | null; error: string | null }>({ value: null, error: null });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    setState((before) => ({ value: before.value, error: null })); // a reload leaves what is there in view, and so does one that fails
    load().then(
      (value) => isCurrent && setState({ value, error: null }),
      (error: unknown) => isCurrent && setState((before) => ({ value: before.value, error: messageOf(error) })),
    );
    return () => {
      isCurrent = false;
    };
  }, [load, attempt]);
  const reload = useCallback(() => setAttempt((before) => before + 1), []);
  return { ...state, reload };
}
