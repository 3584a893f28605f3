/** The conversation and where it is written. */

import { type ReactNode, type RefObject, useEffect, useRef } from "react";
import type { Conversation } from "../hooks/useConversation";
import type { Opened } from "../hooks/usePassage";
import { copyText } from "../clipboard";
import type { Turn } from "../state/conversation";
import { hasReadyDocuments, isIndexing, type Library, readiness } from "../state/library";
import type { Rights } from "../state/rights";
import { exampleQuestions } from "../text/examples";
import { Composer } from "./Composer";
import { Icon } from "./icons";
import { TurnView } from "./TurnView";
import { FirstDocuments, FirstQuestion, Indexing, Reading } from "./Welcome";

interface Props {
  readonly library: Library;
  readonly rights: Rights;
  readonly talk: Conversation;
  readonly opened: Opened | null;
  readonly composer: RefObject<HTMLTextAreaElement | null>;
  readonly onOpenLibrary: (() => void) | null; // null: the library is in view
  readonly onCite: (turn: Turn, number: number) => void;
  readonly onAdd: (files: readonly File[]) => void;
  readonly onStartOver: () => void;
  readonly share: ReactNode; // null: it cannot be shared
}

export function Chat({ library, rights, talk, opened, composer, onOpenLibrary, onCite, onAdd, onStartOver, share }: Props): ReactNode {
  const list = useNewestInView(talk.turns);
  const ask = (question: string): void => talk.ask(question, library.collection);
  const scroller = useRef<HTMLDivElement>(null);
  const inPlace = (work: () => void): void => {
    work();
    scroller.current?.focus({ preventScroll: true }); // what was pressed, and has the focus, goes
  };
  const activeOf = (turn: Turn): number | null =>
    opened?.kind === "citation" && opened.turnId === turn.id ? opened.number : null;
  return (
    <main className="chat">
      <header className="chat-bar">
        {onOpenLibrary !== null && (
          <button type="button" className="icon-button" aria-label="Open the library" onClick={onOpenLibrary}>
            <Icon name="menu" />
          </button>
        )}
        <h1 className="chat-collection">
          <span className="visually-hidden">Grove: </span>
          {library.collection}
        </h1>
        {share}
        {(talk.turns.length > 0 || talk.error !== null) && (
          <button type="button" className="quiet" onClick={onStartOver}>
            <Icon name="add" /> <span className="bar-label">New conversation</span>
          </button>
        )}
      </header>
      <div className="scroller" ref={scroller} tabIndex={0} role="region" aria-label="Conversation">
        <div className="turns" ref={list}>
          {talk.error !== null && <Gone message={talk.error} onRetry={talk.openAgain} />}
          {talk.isLoading && <p className="hint conversation-loading">Opening the conversation…</p>}
          {talk.turns.length === 0 && talk.error === null && !talk.isLoading && (
            <Welcome library={library} rights={rights} onAsk={ask} onAdd={onAdd} />
          )}
          {talk.turns.map((turn) => (
            <TurnView
              key={turn.id}
              turn={turn}
              isLast={turn === talk.turns.at(-1)}
              active={activeOf(turn)}
              onCite={(number) => onCite(turn, number)}
              onAskInstead={talk.isReadOnly || !rights.ask ? null : (question) => inPlace(() => talk.askInstead(turn, question))}
              onAskAnew={talk.isGone ? () => inPlace(() => talk.askAnew(turn)) : null}
              onRate={(rating, reason) => talk.rate(turn, rating, reason)}
              onPermit={(allow) => inPlace(() => talk.permit(turn, allow))}
              onCopy={copyText}
            />
          ))}
        </div>
      </div>
      {talk.isReadOnly && rights.ask && (
        <p className="hint shared-note">This conversation was shared with you, to read. “New conversation” begins one of your own.</p>
      )}
      {!rights.ask && <p className="hint shared-note">You may read here, but not ask: the right “ask” is missing.</p>}
      {!talk.isReadOnly && rights.ask && (
        <Composer
          inputRef={composer}
          isRunning={talk.isRunning}
          blocked={notOpen(talk) ?? reasonNotToAsk(library, rights)}
          note={readiness(library)}
          onAsk={ask}
          onStop={talk.stop}
        />
      )}
    </main>
  );
}

function Gone({ message, onRetry }: { readonly message: string; readonly onRetry: (() => void) | null }): ReactNode {
  return (
    <div className="notice failure" role="alert">
      <p>
        <Icon name="alert" /> The conversation could not be opened: {message}
      </p>
      {onRetry !== null && (
        <button type="button" onClick={onRetry}>
          <Icon name="retry" /> Try again
        </button>
      )}
    </div>
  );
}

interface WelcomeProps {
  readonly library: Library;
  readonly rights: Rights;
  readonly onAsk: (question: string) => void;
  readonly onAdd: (files: readonly File[]) => void;
}

function Welcome({ library, rights, onAsk, onAdd }: WelcomeProps): ReactNode {
  if (hasReadyDocuments(library)) {
    if (!rights.ask) return <Reading hasDocuments />;
    return <FirstQuestion questions={exampleQuestions(library.documents ?? [])} onAsk={onAsk} />;
  }
  if (isIndexing(library)) return <Indexing />;
  if (library.documents === null) return null;
  return rights.write ? <FirstDocuments onAdd={onAdd} /> : <Reading hasDocuments={false} />;
}

/** Say why nothing is added to a conversation: what is asked would begin another. */
function notOpen({ isLoading, openAgain }: Conversation): string | null {
  if (isLoading) return "Opening the conversation…";
  return openAgain === null ? null : "Open the conversation first, or begin a new one.";
}

function reasonNotToAsk(library: Library, rights: Rights): string | null {
  if (hasReadyDocuments(library)) return null;
  if (isIndexing(library)) return "You can ask as soon as the first document is indexed.";
  if (library.documents === null) return "Loading the library…";
  if (!rights.write) return "There are no documents to ask about, and to add some the right “write” is missing.";
  return "Add a document first; then you can ask about it.";
}

/** Bring a new question to the top of the view, where its answer grows below it without moving it. */
function useNewestInView(turns: readonly Turn[]): RefObject<HTMLDivElement | null> {
  const list = useRef<HTMLDivElement>(null);
  const newest = turns.at(-1)?.id ?? 0;
  useEffect(() => {
    if (newest > 0) list.current?.lastElementChild?.scrollIntoView({ block: "start" });
  }, [newest]);
  return list;
}
