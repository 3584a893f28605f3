/** Where a question is written: Enter sends, Shift+Enter breaks the line. */

import { type KeyboardEvent, type ReactNode, type RefObject, useId, useState } from "react";
import { draft, keepDraft } from "../draft";
import { tooLong } from "../text/words";
import { Icon } from "./icons";

interface Props {
  readonly inputRef: RefObject<HTMLTextAreaElement | null>;
  readonly isRunning: boolean;
  readonly blocked: string | null; // why nothing can be asked yet
  readonly note: string | null; // what an answer can rest on by now
  readonly onAsk: (question: string) => void;
  readonly onStop: () => void;
}

export function Composer({ inputRef, isRunning, blocked, note, onAsk, onStop }: Props): ReactNode {
  const [text, setText] = useDraft();
  const hintId = useId();
  const excess = tooLong(text);
  const canSend = blocked === null && excess === null && !isRunning && text.trim() !== "";
  const send = (): void => {
    if (!canSend) return;
    onAsk(text.trim());
    setText("");
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    // While an input method composes, Enter takes its suggestion.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div className="composer-box">
        <textarea
          ref={inputRef}
          dir="auto"
          rows={1}
          value={text}
          placeholder="Ask your documents"
          aria-label="Your question"
          aria-describedby={hintId}
          aria-invalid={excess !== null}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        {isRunning ? (
          <button type="button" className="send stop" onClick={onStop} aria-label="Stop">
            <span className="stop-square" aria-hidden="true" />
          </button>
        ) : (
          <button type="submit" className="send" aria-label="Ask" aria-disabled={!canSend} aria-describedby={hintId}>
            <Icon name="send" />
          </button>
        )}
      </div>
      <p className="hint" id={hintId}>
        {excess === null ? (
          (blocked ?? note ?? "Enter asks, Shift+Enter starts a new line.")
        ) : (
          <span className="field-error" role="alert">
            {excess}
          </span>
        )}
      </p>
    </form>
  );
}

/** Keep what is typed when the page makes room, such as for signing in again, and when it is loaded anew. */
function useDraft(): [string, (text: string) => void] {
  const [text, setText] = useState(draft);
  const set = (next: string): void => {
    setText(next);
    keepDraft(next);
  };
  return [text, set];
}
