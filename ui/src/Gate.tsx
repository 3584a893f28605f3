/** Lets the page begin, and asks for a key when the server wants one. */

import { type ReactNode, useState, useSyncExternalStore } from "react";
import { App } from "./App";
import { access } from "./client/access";
import type { Client } from "./client/client";
import { KeyPrompt } from "./components/KeyPrompt";

export function Gate({ client }: { readonly client: Client }): ReactNode {
  const isAsked = useSyncExternalStore(access.subscribe, access.isAsked);
  const [attempt, setAttempt] = useState(0);
  if (!isAsked) return <App key={attempt} client={client} />;
  return (
    <KeyPrompt
      wasRefused={access.hasKey()}
      onKey={(key) => {
        access.keep(key);
        setAttempt(attempt + 1); // everything is asked for anew
      }}
    />
  );
}
