/** What a person thinks of an answer: up or down, and why. */

import { type ReactNode, useRef, useState } from "react";
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
  const pressed = useRef<HTMLButtonElement>(null);
  const rate = (next: Rating | null, reason: string, done: string): void => {
    onRate(next, reason).then(
      () => setSaid(done),
      (error: unknown) => setSaid(messageOf(error)),
    );
  };
  const press = (next: Rating): void => {
    const isTaken = rating === next;
    setAsking(!isTaken);
    rate(isTaken ? null : next, "", "");
  };
  return (
    <>
      {(["up", "down"] as const).map((each) => (
        <button
          key={each}
          ref={rating === each ? pressed : null}
          type="button"
          className="icon-button"
          aria-label={each === "up" ? "Good answer" : "Bad answer"}
          aria-pressed={rating === each}
          onClick={() => press(each)}
        >
          <Icon name={each} />
        </button>
      ))}
      {isAsking && rating !== null && (
        <Reason
          rating={rating}
          onSend={(reason) => {
            pressed.current?.focus(); // the form that had the focus goes
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
