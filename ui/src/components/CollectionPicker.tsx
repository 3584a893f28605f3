/** Which collection questions go to, and the form that makes a new one. */

import { type ReactNode, useId, useRef, useState } from "react";
import type { Collection } from "../client/types";
import { messageOf } from "../client/errors";
import { Icon } from "./icons";

interface Props {
  readonly collections: readonly Collection[];
  readonly collection: string;
  readonly onChoose: (name: string) => void;
  readonly onCreate: ((name: string) => Promise<void>) | null; // null: it may not
}

export function CollectionPicker({ collections, collection, onChoose, onCreate }: Props): ReactNode {
  const [isNaming, setNaming] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const id = useId();
  const cancel = (): void => {
    opener.current?.focus();
    setNaming(false);
  };
  const names = collections.map((known) => known.name);
  // The chosen one may not exist yet: it is made with its first document.
  const listed = names.includes(collection) ? names : [collection, ...names];
  return (
    <div className="picker">
      <label htmlFor={id}>Collection</label>
      <div className="picker-row">
        <select id={id} value={collection} onChange={(event) => onChoose(event.target.value)}>
          {listed.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        {onCreate !== null && (
          <button
            ref={opener}
            type="button"
            className="icon-button"
            aria-label="New collection"
            aria-expanded={isNaming}
            onClick={() => setNaming(!isNaming)}
          >
            <Icon name={isNaming ? "close" : "add"} />
          </button>
        )}
      </div>
      {isNaming && onCreate !== null && <NameForm onCreate={onCreate} onDone={() => setNaming(false)} onCancel={cancel} />}
    </div>
  );
}

interface NameFormProps {
  readonly onCreate: NonNullable<Props["onCreate"]>;
  readonly onDone: () => void;
  readonly onCancel: () => void;
}

function NameForm({ onCreate, onDone, onCancel }: NameFormProps): ReactNode {
  const [name, setName] = useState("");
  const [error, setError] = useState<string | null>(null);
  const errorId = useId();
  const create = async (): Promise<void> => {
    try {
      await onCreate(name.trim());
      onDone();
    } catch (problem) {
      setError(messageOf(problem));
    }
  };
  return (
    <form
      className="name-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== "") void create();
      }}
    >
      <input
        autoFocus
        value={name}
        placeholder="Name"
        aria-label="Name of the new collection"
        aria-invalid={error !== null}
        aria-describedby={errorId}
        onChange={(event) => setName(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          onCancel();
        }}
      />
      <button type="submit">Create</button>
      <p className="field-error" id={errorId} role="alert">
        {error}
      </p>
    </form>
  );
}
