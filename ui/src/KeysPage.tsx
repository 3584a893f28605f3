/** The page of keys, for administrators: connects it with the server. */

import { type ReactNode, useCallback } from "react";
import { access } from "./client/access";
import type { Client } from "./client/client";
import { copyText } from "./clipboard";
import { Failed } from "./components/Frame";
import { Keys } from "./components/Keys";
import { useLoaded } from "./hooks/useLoaded";

const ANYBODY = "local"; // who is let in without a key, while there is none

export function KeysPage({ client }: { readonly client: Client }): ReactNode {
  const load = useCallback(async () => {
    const [keys, { caller }] = await Promise.all([client.keys(), client.me()]);
    return { keys, isOpen: caller?.subject === ANYBODY };
  }, [client]);
  const { value, error, reload } = useLoaded(load);
  const failed = error !== null && <Failed message={error} onRetry={reload} />;
  if (value === null) return failed || <p className="hint">Loading…</p>;
  return (
    <>
      {failed}
      <Keys
        {...value}
        isOwn={({ prefix }) => access.shows(prefix)}
        onCreate={async (wanted) => {
          const made = await client.createKey(wanted);
          if (value.isOpen) access.keep(made.secret); // at once: from the first key on every request shows one
          reload();
          return made;
        }}
        onRevoke={async (id) => {
          await client.revokeKey(id);
          reload();
        }}
        onCopy={copyText}
      />
      {access.hasKey() && (
        <button type="button" onClick={() => access.forget()}>
          Forget the key of this tab
        </button>
      )}
    </>
  );
}
