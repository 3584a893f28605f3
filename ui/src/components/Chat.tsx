/** The conversation and where it is written. */

import { type ReactNode, type RefObject, useEffect, useRef } from "react";
import type { Conversation } from "../hooks/useConversation";
import type { Opened } from "../hooks/usePassage";
import { copyText } from "../clipboard";
import type { Turn } from "../state/conversation";
import { hasReadyDocuments, isIndexing, type Library } from "../state/library";
import { exampleQuestions } from "../text/examples";
import { Composer } from "./Composer";
import { Icon } from "./icons";
import { TurnView } from "./TurnView";
import { FirstDocuments, FirstQuestion, Indexing } from "./Welcome";

interface Props {
  readonly library: Library;
  readonly talk: Conversation;
  readonly opened: Opened | null;
  readonly composer: RefObject<HTMLTextAreaElement | null>;
  readonly onOpenLibrary: (() => void) | null; // null: the library is in view
  readonly onCite: (turn: Turn, number: number) => void;
  readonly onAdd: (files: readonly File[]) => void;
  readonly onStartOver: () => void;
}

export function Chat({ library, talk, opened, composer, onOpenLibrary, onCite, onAdd, onStartOver }: Props): ReactNode {
  const list = useNewestInView(talk.turns);
  const ask = (question: string): void => talk.ask(question, library.collection);
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
        {talk.turns.length > 0 && (
          <button type="button" className="quiet" onClick={onStartOver}>
            <Icon name="pencil" /> New conversation
          </button>
        )}
      </header>
      <div className="scroller" tabIndex={0} role="region" aria-label="Conversation">
        <div className="turns" ref={list}>
          {talk.turns.length === 0 && <Welcome library={library} onAsk={ask} onAdd={onAdd} />}
          {talk.turns.map((turn) => (
            <TurnView
              key={turn.id}
              turn={turn}
              active={activeOf(turn)}
              onCite={(number) => onCite(turn, number)}
              onRetry={() => talk.retry(turn)}
              onPermit={(allow) => talk.permit(turn, allow)}
              onCopy={copyText}
            />
          ))}
        </div>
      </div>
      <Composer
        inputRef={composer}
        isRunning={talk.isRunning}
        blocked={reasonNotToAsk(library)}
        onAsk={ask}
        onStop={talk.stop}
      />
    </main>
  );
}

interface WelcomeProps {
  readonly library: Library;
  readonly onAsk: (question: string) => void;
  readonly onAdd: (files: readonly File[]) => void;
}

function Welcome({ library, onAsk, onAdd }: WelcomeProps): ReactNode {
  if (hasReadyDocuments(library)) {
    return <FirstQuestion questions={exampleQuestions(library.documents ?? [])} onAsk={onAsk} />;
  }
  if (isIndexing(library)) return <Indexing />;
  return library.documents === null ? null : <FirstDocuments onAdd={onAdd} />;
}

function reasonNotToAsk(library: Library): string | null {
  if (hasReadyDocuments(library)) return null;
  if (isIndexing(library)) return "You can ask as soon as the first document is indexed.";
  return library.documents === null ? "Loading the library…" : "Add a document first; then you can ask about it.";
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
