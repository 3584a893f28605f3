/** How large the collections are, how fast answers come, and what people think of them. */

import type { ReactNode } from "react";
import type { Collection, FeedbackPage, RunSummary } from "../client/types";
import { days, latencies, quantile } from "../state/insights";
import { ago, count, duration } from "../text/words";
import { Bars, Columns, Dots } from "./Plots";

interface Props {
  readonly collections: readonly Collection[];
  readonly runs: readonly RunSummary[];
  readonly feedback: FeedbackPage | null; // null: only administrators see it
}

export function Insights({ collections, runs, feedback }: Props): ReactNode {
  return (
    <>
      <section className="figure">
        <h2>Collections</h2>
        {collections.length === 0 && <p className="hint">No collections yet.</p>}
        <Bars
          label="Size of the collections"
          bars={collections.map(({ name, documents, chunks }) => ({
            name,
            value: chunks,
            label: `${count(documents, "document")}, ${count(chunks, "passage")}`,
          }))}
        />
      </section>
      <Speed runs={runs} />
      {feedback !== null && <Opinions {...feedback} />}
    </>
  );
}

function Speed({ runs }: { readonly runs: readonly RunSummary[] }): ReactNode {
  const values = latencies(runs).map(({ milliseconds }) => milliseconds);
  if (values.length === 0) {
    return (
      <section className="figure">
        <h2>Time to the answer</h2>
        <p className="hint">Nothing was answered yet.</p>
      </section>
    );
  }
  const [median, slow] = [quantile(values, 0.5), quantile(values, 0.95)];
  const lines = [
    { value: median, label: `half in ${duration(median)}` },
    { value: slow, label: `95% in ${duration(slow)}` },
  ];
  const words = `${count(values.length, "answer")}: half within ${duration(median)}, 95% within ${duration(slow)}.`;
  return (
    <section className="figure">
      <h2>Time to the answer</h2>
      <p className="hint">{words}</p>
      <Dots values={values} lines={lines} label={words} />
    </section>
  );
}

function Opinions({ feedback, next }: FeedbackPage): ReactNode {
  const good = feedback.filter(({ rating }) => rating === "up").length;
  const newest = next === null ? "" : `Of the last ${feedback.length}: `;
  const words = `${newest}${count(good, "good answer")}, ${count(feedback.length - good, "bad answer")}`;
  return (
    <section className="figure">
      <h2>Feedback</h2>
      {feedback.length === 0 && <p className="hint">Nobody has judged an answer yet.</p>}
      {feedback.length > 0 && (
        <>
          <p className="hint">{words}, by day (UTC).</p>
          <Columns label={words} columns={days(feedback).map(({ day, up, down }) => ({ name: day, up, down }))} />
        </>
      )}
      <ul className="rows" aria-label="Feedback">
        {feedback.map(({ run_id, question, rating, reason, created_at }) => (
          <li key={`${run_id} ${created_at}`} className="row">
            <span className="row-main">
              <span className="row-name">{question}</span>
              <span className="row-state">
                {rating === "up" ? "Good" : "Bad"} · {ago(created_at, Date.now())}
                {reason !== "" && ` · “${reason}”`}
              </span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
