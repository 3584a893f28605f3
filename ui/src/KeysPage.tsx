/** The page of keys, for administrators: connects it with the server. */

import { type ReactNode, useCallback } from "react";
import { access } from "./client/access";
import type { Client } from "./client/client";
import { copyText } from "./clipboard";
import { Failed } from "./components/Frame";
import { Keys } from "./components/Keys";
import { useLoaded } from "./hooks/useLoaded";

export function KeysPage({ client }: { readonly client: Client }): ReactNode {
  const { value, error, reload } = useLoaded(useCallback(() => client.keys(), [client]));
  const failed = error !== null && <Failed message={error} onRetry={reload} />;
  if (value === null) return failed || <p className="hint">Loading…</p>;
  return (
    <>
      {failed}
      <Keys
        keys={value}
        onCreate={async (wanted) => {
          const made = await client.createKey(wanted);
          // From the first key on everybody shows one: who is nobody without it goes on with it.
          if (made.key.scopes.includes("admin") && (await client.me()).caller === null) access.keep(made.secret);
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
