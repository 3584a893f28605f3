/** What each step of a run was given, what it found and how long it took. */

import type { ReactNode } from "react";
import type { Step } from "../state/conversation";
import { duration, stepName, summaryText } from "../text/words";

interface Evidence {
  readonly source: string;
  readonly page: number | null;
  readonly score: number;
  readonly text: string;
}

export function StepDetails({ steps }: { readonly steps: readonly Step[] }): ReactNode {
  const longest = Math.max(1, ...steps.map((step) => step.milliseconds ?? 0));
  return (
    <ol className="step-list" aria-label="Steps">
      {steps.map((step, at) => (
        <li key={at}>
          <details open={steps.length <= 2}>
            <summary>
              <span className="step-name">{stepName({ ...step, milliseconds: step.milliseconds ?? 0 })}</span>
              <svg className="step-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                <rect className="plot-bar" width={Math.max(1, ((step.milliseconds ?? 0) / longest) * 100)} height={4} />
              </svg>
              <span className="step-time">{duration(step.milliseconds ?? 0)}</span>
            </summary>
            <Values title="Given" values={step.inputs} />
            <Values title="Found" values={step.summary} />
            <Passages found={evidenceOf(step.summary.evidence)} />
          </details>
        </li>
      ))}
    </ol>
  );
}

function Values({ title, values }: { readonly title: string; readonly values: Readonly<Record<string, unknown>> }): ReactNode {
  const shown = Object.entries(values).filter(([name, value]) => name !== "evidence" && value !== null && value !== "");
  if (shown.length === 0) return null;
  return (
    <dl className="values">
      {shown.map(([name, value], at) => (
        <div key={name}>
          <dt>
            {at === 0 && <span className="values-title">{title} </span>}
            {name.replaceAll("_", " ")}
          </dt>
          <dd>{summaryText(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Passages({ found }: { readonly found: readonly Evidence[] }): ReactNode {
  if (found.length === 0) return null;
  return (
    <ol className="evidence">
      {found.map(({ source, page, score, text }, at) => (
        <li key={at}>
          <b>{page === null ? source : `${source}, page ${page}`}</b> <span className="row-state">{score.toPrecision(3)}</span>
          <br />
          {text.replace(/\s+/g, " ").trim()}
        </li>
      ))}
    </ol>
  );
}

/** Read the passages of a step's summary; what has another shape is left out. */
export function evidenceOf(value: unknown): Evidence[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((each: unknown) => {
    const { source, page, score, text } = (each ?? {}) as Partial<Record<keyof Evidence, unknown>>;
    if (typeof source !== "string" || typeof score !== "number") return [];
    return [{ source, page: typeof page === "number" ? page : null, score, text: typeof text === "string" ? text : "" }];
  });
}
