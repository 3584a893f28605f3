import { type ReactNode, useState } from "react";
import type { SignInOffer } from "../client/types";
import { Mark } from "./icons";

interface Props {
  readonly wasRefused: boolean; // a key was shown, and is not valid
  readonly signIn: SignInOffer | null; // null: one does not sign in here
  readonly next: string; // the path to come back to
  readonly onKey: (key: string) => void;
  readonly onSignIn: () => void;
}

/** Ask who is there: by signing in, where one can, or by the key that the server wants to see. */
export function KeyPrompt({ wasRefused, signIn, next, onKey, onSignIn }: Props): ReactNode {
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
        {signIn !== null && (
          <>
            <a className="sign-in" href={`${signIn.url}?${new URLSearchParams({ next })}`} onClick={onSignIn}>
              Sign in with {signIn.name}
            </a>
            <p className="gate-or">or</p>
          </>
        )}
        <p>
          {signIn === null ? "This server asks for a key." : "This server takes keys, too."} Whoever runs it can make one for you;
          it stays in this tab.
        </p>
        <label htmlFor="key">Key</label>
        <input
          id="key"
          type="password"
          autoComplete="off"
          autoFocus={signIn === null}
          value={key}
          aria-invalid={wasRefused}
          aria-describedby="key-error"
          onChange={(event) => setKey(event.target.value)}
        />
        <p className="field-error" id="key-error" role="alert">
          {wasRefused && "The key is not valid here, or no longer."}
        </p>
        <button type="submit" className={signIn === null ? "primary" : undefined}>
          Enter
        </button>
      </form>
    </main>
  );
}
