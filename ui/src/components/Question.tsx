/** The question of a turn, which can be written anew in its place. */

import { type KeyboardEvent, type ReactNode, useId, useState } from "react";
import { tooLong } from "../text/words";
import { Icon } from "./icons";

interface Props {
  readonly question: string;
  readonly onChange: ((question: string) => void) | null; // null: it cannot be changed now
}

export function Question({ question, onChange }: Props): ReactNode {
  const [text, setText] = useState<string | null>(null); // null: it is not being changed
  const [wasKept, setKept] = useState(false);
  const excessId = useId();
  if (text === null || onChange === null) {
    return (
      <div className="question-row">
        <h2 className="question" dir="auto">{question}</h2>
        {onChange !== null && (
          <button
            type="button"
            className="icon-button"
            aria-label="Edit the question"
            autoFocus={wasKept}
            onClick={() => setText(question)}
          >
            <Icon name="pencil" />
          </button>
        )}
      </div>
    );
  }
  const excess = tooLong(text);
  const keep = (): void => {
    setText(null);
    setKept(true); // the focus goes back to where the form came from
  };
  const send = (): void => {
    if (text.trim() === "" || excess !== null) return;
    setText(null);
    onChange(text.trim());
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Escape") keep();
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      className="question-form"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        autoFocus
        dir="auto"
        value={text}
        rows={2}
        aria-label="Question"
        aria-invalid={excess !== null}
        aria-describedby={excessId}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <p className="field-error" id={excessId} role="alert">
        {excess}
      </p>
      <p className="row-choices">
        <button type="submit" aria-disabled={excess !== null}>
          Ask this instead
        </button>
        <button type="button" className="quiet" onClick={keep}>
          Cancel
        </button>
      </p>
      <p className="hint">What follows in this conversation goes.</p>
    </form>
  );
}
