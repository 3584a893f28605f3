import { type ReactNode, useState } from "react";
import { Mark } from "./icons";

interface Props {
  readonly wasRefused: boolean; // a key was shown, and is not valid
  readonly onKey: (key: string) => void;
}

/** Ask for the key that the server wants to see. */
export function KeyPrompt({ wasRefused, onKey }: Props): ReactNode {
  const [key, setKey] = useState("");
  return (
    <main className="gate">
      <form
        className="gate-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (key.trim() !== "") onKey(key.trim());
        }}
      >
        <Mark />
        <h1>Who is there?</h1>
        <p>This server asks for a key. Whoever runs it can make one for you; it stays in this tab.</p>
        <label htmlFor="key">Key</label>
        <input
          id="key"
          type="password"
          autoComplete="off"
          autoFocus
          value={key}
          aria-invalid={wasRefused}
          aria-describedby="key-error"
          onChange={(event) => setKey(event.target.value)}
        />
        <p className="field-error" id="key-error" role="alert">
          {wasRefused && "The key is not valid here, or no longer."}
        </p>
        <button type="submit" className="primary">
          Enter
        </button>
      </form>
    </main>
  );
}
