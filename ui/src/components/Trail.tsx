/** The steps of a run: what it is doing and for how long, and afterwards what each step found. */

import { type ReactNode, useEffect, useState } from "react";
import type { Step } from "../state/conversation";
import { duration, stepName } from "../text/words";
import { StepDetails } from "./StepDetails";

interface Props {
  readonly steps: readonly Step[];
  readonly milliseconds: number | null; // of the whole run, once it is over
  readonly isRunning: boolean;
}

export function Trail({ steps, milliseconds, isRunning }: Props): ReactNode {
  if (isRunning) {
    return (
      <p className="trail">
        {steps.map((step, at) => (
          <StepLabel key={at} step={step} isRunning />
        ))}
        {steps.every((step) => step.milliseconds !== null) && <span className="step running">{steps.length === 0 ? "Asking" : "…"}</span>}
      </p>
    );
  }
  if (steps.length === 0) return null;
  return (
    <details className="trail-details">
      <summary className="trail">
        {steps.map((step, at) => (
          <StepLabel key={at} step={step} isRunning={false} />
        ))}
        {milliseconds !== null && <span className="step total">{duration(milliseconds)} in all</span>}
      </summary>
      <StepDetails steps={steps} />
    </details>
  );
}

function StepLabel({ step, isRunning }: { readonly step: Step; readonly isRunning: boolean }): ReactNode {
  const isUnderWay = isRunning && step.milliseconds === null;
  return (
    <span className={isUnderWay ? "step running" : "step"}>
      {stepName(step)} {step.milliseconds !== null && <b>{duration(step.milliseconds)}</b>}
      {isUnderWay && <Elapsed />}
    </span>
  );
}

/** Count up while a step runs; it is decoration for those who watch, and silent for those who listen. */
function Elapsed(): ReactNode {
  const [started] = useState(() => performance.now());
  const [now, setNow] = useState(started);
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 100);
    return () => clearInterval(timer);
  }, []);
  return now - started < 300 ? null : <b aria-hidden="true">{duration(now - started)}</b>;
}
