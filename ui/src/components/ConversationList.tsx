/** The person's conversations: looked for, opened, renamed, deleted. */

import { type ReactNode, useRef, useState } from "react";
import { messageOf } from "../client/errors";
import type { ConversationSummary } from "../client/types";
import { focusAfter } from "../focus";
import type { Conversations } from "../state/conversations";
import { ago } from "../text/words";
import { Icon } from "./icons";

interface Props {
  readonly conversations: Conversations;
  readonly current: string | null;
  readonly onSearch: (query: string) => void;
  readonly onOpen: (conversation: ConversationSummary) => void;
  readonly onRename: (id: string, title: string) => Promise<void>;
  readonly onRemove: (id: string) => Promise<void>;
  readonly onMore: () => void;
  readonly onRetry: () => void;
}

export function ConversationList(props: Props): ReactNode {
  const { conversations, onSearch } = props;
  const heading = useRef<HTMLHeadingElement>(null);
  return (
    <>
      <h2 className="visually-hidden" ref={heading} tabIndex={-1}>
        Conversations
      </h2>
      <input
        type="search"
        dir="auto"
        className="search"
        placeholder="Search conversations"
        aria-label="Search conversations"
        value={conversations.query}
        onChange={(event) => onSearch(event.target.value)}
      />
      {conversations.error !== null && (
        <div className="notice failure">
          <p>
            <Icon name="alert" /> {conversations.error}
          </p>
          <button type="button" onClick={props.onRetry}>
            <Icon name="retry" /> Try again
          </button>
        </div>
      )}
      <Rows {...props} onRemove={(id) => focusAfter(props.onRemove(id), heading.current)} />
    </>
  );
}

function Rows({ conversations: { listed, next, query, error }, current, onMore, ...on }: Props): ReactNode {
  if (listed === null) return error === null ? <p className="hint">Loading…</p> : null;
  if (listed.length === 0) {
    return <p className="hint empty-list">{query === "" ? "No conversations yet. The first question begins one." : "Nothing found."}</p>;
  }
  return (
    <>
      <ul className="rows" aria-label="Conversations">
        {listed.map((known) => (
          <Row key={known.conversation_id} conversation={known} isCurrent={known.conversation_id === current} {...on} />
        ))}
      </ul>
      {next !== null && (
        <button type="button" className="quiet" onClick={onMore}>
          Show more conversations
        </button>
      )}
    </>
  );
}

type RowProps = Pick<Props, "onOpen" | "onRename" | "onRemove"> & {
  readonly conversation: ConversationSummary;
  readonly isCurrent: boolean;
};

function Row({ conversation, isCurrent, onOpen, onRename, onRemove }: RowProps): ReactNode {
  const [mode, setMode] = useState<"shown" | "naming" | "asking">("shown");
  const [before, setBefore] = useState(mode); // the focus goes back to where it came from
  const { conversation_id: id, title } = conversation;
  const name = title === "" ? "Untitled" : title;
  const done = (): void => {
    setBefore(mode);
    setMode("shown");
  };
  if (mode === "naming") return <Naming title={title} onSave={(text) => onRename(id, text)} onDone={done} />;
  if (mode === "asking") return <Asking name={name} onRemove={() => onRemove(id)} onKeep={done} />;
  return (
    <li className={isCurrent ? "row current" : "row"}>
      <span className="row-main">
        <button
          type="button"
          className="row-name"
          aria-current={isCurrent ? "true" : undefined}
          onClick={() => onOpen(conversation)}
        >
          {name}
        </button>
        <span className="row-state">
          {ago(conversation.updated_at, Date.now())} · {conversation.collection}
        </span>
      </span>
      <span className="row-tools">
        <button
          type="button"
          className="icon-button"
          aria-label={`Rename ${name}`}
          autoFocus={before === "naming"}
          onClick={() => setMode("naming")}
        >
          <Icon name="pencil" />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label={`Delete ${name}`}
          autoFocus={before === "asking"}
          onClick={() => setMode("asking")}
        >
          <Icon name="remove" />
        </button>
      </span>
    </li>
  );
}

interface NamingProps {
  readonly title: string;
  readonly onSave: (title: string) => Promise<void>;
  readonly onDone: () => void;
}

function Naming({ title, onSave, onDone }: NamingProps): ReactNode {
  const [text, setText] = useState(title);
  const [error, setError] = useState<string | null>(null);
  const save = (): void => {
    onSave(text).then(onDone, (problem: unknown) => setError(messageOf(problem)));
  };
  return (
    <li className="row">
      <form
        className="name-form"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <input
          autoFocus
          dir="auto"
          value={text}
          maxLength={200}
          aria-label="Title of the conversation"
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.preventDefault();
            onDone();
          }}
        />
        <button type="submit">Save</button>
        <p className="field-error" role="alert">
          {error}
        </p>
      </form>
    </li>
  );
}

interface AskingProps {
  readonly name: string;
  readonly onRemove: () => Promise<void>;
  readonly onKeep: () => void;
}

function Asking({ name, onRemove, onKeep }: AskingProps): ReactNode {
  const [error, setError] = useState<string | null>(null);
  const remove = (): void => {
    onRemove().catch((problem: unknown) => setError(messageOf(problem)));
  };
  return (
    <li className="row asking">
      <span className="row-main">
        <span>Delete “{name}” with its questions and answers?</span>
        <span className="row-choices">
          <button type="button" className="danger" onClick={remove}>
            Delete
          </button>
          <button type="button" autoFocus onClick={onKeep} onKeyDown={(event) => event.key === "Escape" && onKeep()}>
            Keep
          </button>
        </span>
        <span className="field-error" role="alert">
          {error}
        </span>
      </span>
    </li>
  );
}
