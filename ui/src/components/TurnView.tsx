/** One question with its answer: steps, text, sources, and what can be done with it. */

import type { ReactNode } from "react";
import type { Permission, Rating } from "../client/types";
import type { Turn } from "../state/conversation";
import { count, effectsText, isDoubtful, plainText, summaryText } from "../text/words";
import { AnswerText, UNSUPPORTED } from "./AnswerText";
import { CopyButton } from "./CopyButton";
import { Feedback } from "./Feedback";
import { Icon } from "./icons";
import { Question } from "./Question";
import { ClosestPassage, Sources } from "./Sources";
import { Trail } from "./Trail";

interface Props {
  readonly turn: Turn;
  readonly isLast: boolean; // what follows an earlier one would go without a word if it were asked again
  readonly active: number | null;
  readonly onCite: (number: number) => void;
  readonly onAskInstead: ((question: string) => void) | null; // null: only reading
  readonly onAskAnew: (() => void) | null; // in a new conversation; null: this one goes on
  readonly onRate: (rating: Rating | null, reason: string) => Promise<void>;
  readonly onPermit: (allow: boolean) => void;
  readonly onCopy: (text: string) => Promise<void>;
}

export function TurnView({ turn, isLast, active, onCite, onAskInstead, onAskAnew, onRate, onPermit, onCopy }: Props): ReactNode {
  const { state, citations } = turn;
  const onRetry = onAskInstead === null || !isLast ? null : () => onAskInstead(turn.question);
  const canEdit = state !== "running" && state !== "waiting";
  return (
    <article className={`turn ${state}`} aria-busy={state === "running"}>
      <Question question={turn.question} onChange={canEdit ? onAskInstead : null} />
      <Trail steps={turn.steps} milliseconds={turn.milliseconds} isRunning={state === "running"} />
      {turn.isReconnecting && <p className="hint">The connection was lost; Grove goes on, and this page looks for it again…</p>}
      {turn.permission !== null && onAskInstead !== null && state === "waiting" && <Permit permission={turn.permission} onPermit={onPermit} />}
      {state === "refused" ? <Refusal turn={turn} active={active} onCite={onCite} /> : <Text turn={turn} active={active} onCite={onCite} />}
      {state === "failed" && <Failure message={turn.error ?? "Something went wrong."} onRetry={onRetry} onAskAnew={onAskAnew} />}
      {state === "stopped" && <Stopped onRetry={onRetry} />}
      {state === "answered" && (isDoubtful(citations) || citations.length === 0) && <LowRelevance hasSources={citations.length > 0} />}
      {citations.length > 0 && <Sources citations={citations} active={active} onCite={onCite} />}
      {(state === "answered" || state === "refused") && (
        <footer className="turn-actions">
          {state === "answered" && <CopyButton label="Copy" className="quiet" onCopy={() => onCopy(plainText(turn))} />}
          {onRetry !== null && (
            <button type="button" className="quiet" onClick={onRetry}>
              <Icon name="retry" /> Ask again
            </button>
          )}
          {onAskInstead !== null && turn.runId !== null && <Feedback rating={turn.rating} onRate={onRate} />}
        </footer>
      )}
    </article>
  );
}

function Text({ turn, active, onCite }: Pick<Props, "turn" | "active" | "onCite">): ReactNode {
  const numDoubtful = turn.sentences.filter((sentence) => !sentence.supported).length;
  return (
    <>
      <AnswerText {...turn} active={active} onCite={onCite} />
      {turn.state === "running" && turn.text !== "" && <span className="caret" aria-hidden="true" />}
      {numDoubtful > 0 && (
        <p className="legend" title={UNSUPPORTED}>
          <span className="unsupported" aria-hidden="true">
            Underlined:
          </span>{" "}
          {count(numDoubtful, "sentence")} that no passage of the documents supports.
        </p>
      )}
    </>
  );
}

function LowRelevance({ hasSources }: { readonly hasSources: boolean }): ReactNode {
  return (
    <p className="notice doubt">
      <span>
        <Icon name="alert" />{" "}
        {hasSources
          ? "The passages found hardly bear on this question. Check the sources before you rely on the answer."
          : "No passage of the documents supports this answer."}
      </span>
    </p>
  );
}

function Refusal({ turn: { text, missing, closest }, active, onCite }: Pick<Props, "turn" | "active" | "onCite">): ReactNode {
  return (
    <>
      <div className="notice refusal">
        <p className="answer-text" dir="auto">{text}</p>
        {missing.length > 0 && (
          <p>
            Found in no passage:{" "}
            {missing.map((term) => (
              <span className="term" key={term}>
                {term}
              </span>
            ))}
          </p>
        )}
        <p>Grove answers only from the documents of this collection. Try other words, or add a document that covers it.</p>
      </div>
      {closest !== null && <ClosestPassage closest={closest} isOpen={active !== null} onOpen={() => onCite(1)} />}
    </>
  );
}

function Permit({ permission, onPermit }: { readonly permission: Permission; readonly onPermit: (allow: boolean) => void }): ReactNode {
  return (
    <div className="notice permission" role="group" aria-label="Permission">
      <p>
        To answer this, Grove would use <b>{permission.tool}</b>, which {effectsText(permission.effects)}. Nothing has happened yet.
      </p>
      <dl className="summaries">
        {Object.entries(permission.arguments).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{summaryText(value)}</dd>
          </div>
        ))}
      </dl>
      <p className="permission-actions">
        <button type="button" onClick={() => onPermit(true)}>
          <Icon name="check" /> Allow once
        </button>
        <button type="button" className="quiet" onClick={() => onPermit(false)}>
          Do not allow
        </button>
      </p>
    </div>
  );
}

interface FailureProps {
  readonly message: string;
  readonly onRetry: (() => void) | null;
  readonly onAskAnew: (() => void) | null;
}

function Failure({ message, onRetry, onAskAnew }: FailureProps): ReactNode {
  const again = onAskAnew ?? onRetry;
  return (
    <div className="notice failure">
      <p>
        <Icon name="alert" /> {message}
      </p>
      {again !== null && (
        <button type="button" onClick={again}>
          <Icon name={onAskAnew === null ? "retry" : "add"} /> {onAskAnew === null ? "Try again" : "Ask in a new conversation"}
        </button>
      )}
    </div>
  );
}

function Stopped({ onRetry }: { readonly onRetry: (() => void) | null }): ReactNode {
  return (
    <div className="notice">
      <p>This answer was stopped; what is there has not been checked.</p>
      {onRetry !== null && (
        <button type="button" onClick={onRetry}>
          <Icon name="retry" /> Ask again
        </button>
      )}
    </div>
  );
}
