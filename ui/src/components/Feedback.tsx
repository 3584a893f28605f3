/** What a person thinks of an answer: up or down, and why. */

import { type ReactNode, useState } from "react";
import { messageOf } from "../client/errors";
import type { Rating } from "../client/types";
import { Icon } from "./icons";

interface Props {
  readonly rating: Rating | null;
  readonly onRate: (rating: Rating | null, reason: string) => Promise<void>;
}

export function Feedback({ rating, onRate }: Props): ReactNode {
  const [isAsking, setAsking] = useState(false);
  const [said, setSaid] = useState("");
  const rate = (next: Rating | null, reason: string, done: string): void => {
    onRate(next, reason).then(
      () => setSaid(done),
      (error: unknown) => setSaid(messageOf(error)),
    );
  };
  const press = (pressed: Rating): void => {
    const isTaken = rating === pressed;
    setAsking(!isTaken);
    rate(isTaken ? null : pressed, "", "");
  };
  return (
    <>
      <button type="button" className="icon-button" aria-label="Good answer" aria-pressed={rating === "up"} onClick={() => press("up")}>
        <Icon name="up" />
      </button>
      <button type="button" className="icon-button" aria-label="Bad answer" aria-pressed={rating === "down"} onClick={() => press("down")}>
        <Icon name="down" />
      </button>
      {isAsking && rating !== null && (
        <Reason
          rating={rating}
          onSend={(reason) => {
            setAsking(false);
            rate(rating, reason, "Thank you.");
          }}
        />
      )}
      <span className="hint" role="status">
        {said}
      </span>
    </>
  );
}

function Reason({ rating, onSend }: { readonly rating: Rating; readonly onSend: (reason: string) => void }): ReactNode {
  const [text, setText] = useState("");
  const question = rating === "up" ? "What was good?" : "What was wrong?";
  return (
    <form
      className="reason"
      onSubmit={(event) => {
        event.preventDefault();
        onSend(text.trim());
      }}
    >
      <input
        autoFocus
        dir="auto"
        value={text}
        maxLength={2000}
        placeholder={`${question} (optional)`}
        aria-label={question}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit">Send</button>
    </form>
  );
}
