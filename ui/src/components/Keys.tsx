/** The keys that callers show: made, shown once, revoked. */

import { type ReactNode, useRef, useState } from "react";
import { messageOf } from "../client/errors";
import type { ApiKey, NewKey, WantedKey } from "../client/types";
import { focusAfter } from "../focus";
import { ago } from "../text/words";
import { CopyButton } from "./CopyButton";
import { Icon } from "./icons";

const SCOPES = ["read", "ask", "write", "admin"] as const;
const MEANINGS: Readonly<Record<(typeof SCOPES)[number], string>> = {
  read: "look at documents and search",
  ask: "ask questions, and read",
  write: "add and delete documents",
  admin: "everything, also keys",
};

interface Props {
  readonly keys: readonly ApiKey[];
  readonly isOpen: boolean; // to whoever shows no key, until there is one
  readonly isOwn: (key: ApiKey) => boolean; // without it this tab is let in no more
  readonly onCreate: (wanted: WantedKey) => Promise<NewKey>;
  readonly onRevoke: (id: string) => Promise<void>;
  readonly onCopy: (text: string) => Promise<void>;
}

export function Keys({ keys, isOpen, isOwn, onCreate, onRevoke, onCopy }: Props): ReactNode {
  const [made, setMade] = useState<NewKey | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  return (
    <>
      <p className="lead">Programs and people show a key to be let in. Without any, only this machine is let in.</p>
      {isOpen && <p className="hint">With the first key the server is closed to whoever shows none, so it is an administrator's: only they make others.</p>}
      <NewKeyForm isFirst={isOpen} onCreate={async (wanted) => setMade(await onCreate(wanted))} />
      {made !== null && (
        <div className="notice" role="status">
          <p>
            The key “{made.key.name}”. <b>It is shown this once.</b>
          </p>
          <p className="secret">{made.secret}</p>
          <CopyButton label="Copy the key" onCopy={() => onCopy(made.secret)} />
        </div>
      )}
      <h2 className="list-title" ref={heading} tabIndex={-1}>
        Keys <span>{keys.length}</span>
      </h2>
      <ul className="rows" aria-label="Keys">
        {keys.map((key) => (
          <KeyRow key={key.key_id} apiKey={key} isOwn={isOwn(key)} onRevoke={() => focusAfter(onRevoke(key.key_id), heading.current)} />
        ))}
      </ul>
    </>
  );
}

interface NewKeyFormProps {
  readonly isFirst: boolean; // it is an administrator's
  readonly onCreate: (wanted: WantedKey) => Promise<void>;
}

function NewKeyForm({ isFirst, onCreate }: NewKeyFormProps): ReactNode {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<WantedKey["scopes"]>([isFirst ? "admin" : "ask"]);
  const [days, setDays] = useState("");
  const [error, setError] = useState<string | null>(null);
  const create = (): void => {
    const expires_at = days === "" ? null : new Date(Date.now() + Number(days) * 86_400_000).toISOString();
    onCreate({ name: name.trim(), scopes, expires_at }).then(
      () => {
        setName("");
        setScopes(["ask"]); // nobody is made an administrator by the choice before
        setError(null);
      },
      (problem: unknown) => setError(messageOf(problem)),
    );
  };
  return (
    <form
      className="key-form"
      onSubmit={(event) => {
        event.preventDefault();
        create();
      }}
    >
      <span className="field">
        <label htmlFor="key-name">Name of the new key</label>
        <input id="key-name" required maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />
      </span>
      <fieldset className="field scopes">
        <legend>It may</legend>
        {SCOPES.map((scope) => (
          <label key={scope} title={MEANINGS[scope]}>
            <input
              type="checkbox"
              checked={scopes.includes(scope)}
              disabled={isFirst && scope === "admin"}
              onChange={(event) =>
                setScopes(event.target.checked ? [...scopes, scope] : scopes.filter((other) => other !== scope))
              }
            />{" "}
            {scope}
          </label>
        ))}
      </fieldset>
      <span className="field">
        <label htmlFor="key-days">Days until it expires</label>
        <input id="key-days" type="number" min={1} max={3650} placeholder="never" value={days} onChange={(event) => setDays(event.target.value)} />
      </span>
      <button type="submit" className="primary" disabled={scopes.length === 0}>
        Make a key
      </button>
      <p className="field-error" role="alert">
        {error}
      </p>
    </form>
  );
}

interface KeyRowProps {
  readonly apiKey: ApiKey;
  readonly isOwn: boolean;
  readonly onRevoke: () => Promise<void>;
}

function KeyRow({ apiKey, isOwn, onRevoke }: KeyRowProps): ReactNode {
  const [isAsking, setAsking] = useState(false);
  const [wasKept, setKept] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const { name, prefix, scopes, state, created_at, expires_at } = apiKey;
  const keep = (): void => {
    setAsking(false);
    setKept(true); // the focus goes back to where the question came from
  };
  const revoke = (): void => {
    onRevoke().then(
      () => setAsking(false),
      (problem: unknown) => setError(messageOf(problem)),
    );
  };
  return (
    <li className={isAsking ? "row asking" : "row"}>
      <span className="row-main">
        <span className="row-name">{name}</span>
        <span className="row-state">
          {prefix}… · {scopes.join(", ")} · made {ago(created_at, Date.now())}
          {expires_at !== null && ` · until ${expires_at.slice(0, 10)}`}
          {state !== "valid" && ` · ${state}`}
          {isOwn && <b> · of this tab</b>}
        </span>
        {isAsking && (
          <span className="row-choices">
            <button type="button" className="danger" onClick={revoke}>
              Revoke
            </button>
            <button type="button" autoFocus onClick={keep}>
              Keep
            </button>
          </span>
        )}
        <span className="field-error" role="alert">
          {error}
        </span>
      </span>
      {state === "valid" && !isAsking && (
        <button type="button" className="icon-button" aria-label={`Revoke ${name}`} autoFocus={wasKept} onClick={() => setAsking(true)}>
          <Icon name="remove" />
        </button>
      )}
    </li>
  );
}
