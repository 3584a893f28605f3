/** Lets the page begin, and asks who is there when the server wants to know. */

import { type ReactNode, useCallback, useState, useSyncExternalStore } from "react";
import { App } from "./App";
import { access } from "./client/access";
import type { Client } from "./client/client";
import { KeyPrompt } from "./components/KeyPrompt";
import { useLoaded } from "./hooks/useLoaded";

export function Gate({ client }: { readonly client: Client }): ReactNode {
  const isAsked = useSyncExternalStore(access.subscribe, access.isAsked);
  const [attempt, setAttempt] = useState(0);
  if (!isAsked) return <App key={attempt} client={client} />;
  return <Prompt client={client} onKey={() => setAttempt(attempt + 1)} />; // everything is asked for anew
}

function Prompt({ client, onKey }: { readonly client: Client; readonly onKey: () => void }): ReactNode {
  const me = useLoaded(useCallback(() => client.me(), [client]));
  if (me.value === null && me.error === null) return null; // for as long as it takes to learn how one signs in
  return (
    <KeyPrompt
      wasRefused={access.hasKey()}
      signIn={me.value?.sign_in ?? null}
      next={location.pathname + location.search}
      onKey={(key) => {
        access.keep(key);
        onKey();
      }}
      onSignIn={() => access.forget()} // a key that is refused would go before the session
    />
  );
}
