/** The whole page: connects state and server (hooks) with what is shown (components). */

import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import type { Client } from "./client/client";
import { Chat } from "./components/Chat";
import { Drawer } from "./components/Drawer";
import { Icon } from "./components/icons";
import { LibraryPanel } from "./components/LibraryPanel";
import { useConversation } from "./hooks/useConversation";
import { useFileDrop } from "./hooks/useFileDrop";
import { useLibrary } from "./hooks/useLibrary";
import { useMedia } from "./hooks/useMedia";
import { useOpened } from "./hooks/usePassage";
import { OpenedPassage } from "./OpenedPassage";
import { announcement } from "./text/words";

const DEFAULT_COLLECTION = "default";

export function App({ client }: { readonly client: Client }): ReactNode {
  const [library, actions] = useLibrary(client, collectionOfAddress());
  const talk = useConversation(client);
  const [opened, open, close] = useOpened();
  const [isLibraryOpen, setLibraryOpen] = useState(false);
  const isWide = useMedia("(min-width: 1080px)");
  const isRoomy = useMedia("(min-width: 860px)");
  const composer = useRef<HTMLTextAreaElement>(null);
  const { add } = actions;
  const isDropping = useFileDrop(useCallback((files: readonly File[]) => add(files), [add]));
  const { collection } = library;
  useEffect(() => rememberCollection(collection), [collection]);

  const startOver = (): void => {
    talk.clear();
    close();
    composer.current?.focus();
  };
  const panel = (
    <LibraryPanel
      library={library}
      onChoose={(name) => {
        actions.choose(name);
        startOver();
      }}
      onCreate={async (name) => {
        await actions.create(name);
        startOver();
      }}
      onAdd={actions.add}
      onAddAgain={actions.addAgain}
      onDismiss={actions.dismiss}
      onOpen={(documentId, title) => {
        setLibraryOpen(false);
        open({ kind: "document", documentId, title });
      }}
      onRemove={actions.remove}
      onMore={actions.loadMore}
      onRetry={actions.refresh}
    />
  );
  return (
    <div className="page">
      <p className="visually-hidden" role="status">
        {announcement(talk.turns.at(-1))}
      </p>
      {isWide && (
        <aside className="library" aria-label="Library">
          {panel}
        </aside>
      )}
      {!isWide && isLibraryOpen && (
        <Drawer className="library" label="Library" isModal onClose={() => setLibraryOpen(false)}>
          {panel}
          <button
            type="button"
            className="icon-button drawer-close"
            aria-label="Close the library"
            onClick={() => setLibraryOpen(false)}
          >
            <Icon name="close" />
          </button>
        </Drawer>
      )}
      <Chat
        library={library}
        talk={talk}
        opened={opened}
        composer={composer}
        onOpenLibrary={isWide ? null : () => setLibraryOpen(true)}
        onCite={(turn, number) => open({ kind: "citation", turnId: turn.id, number })}
        onAdd={actions.add}
        onStartOver={startOver}
      />
      {opened !== null && (
        <OpenedPassage client={client} opened={opened} turns={talk.turns} isModal={!isRoomy} onOpen={open} onClose={close} />
      )}
      {isDropping && <div className="drop-target">Drop to add to “{collection}”</div>}
    </div>
  );
}

/** Read the collection from the page's address, which can be bookmarked and shared. */
function collectionOfAddress(): string {
  return new URLSearchParams(location.search).get("collection") || DEFAULT_COLLECTION;
}

function rememberCollection(name: string): void {
  const address = new URL(location.href);
  if (name === DEFAULT_COLLECTION) address.searchParams.delete("collection");
  else address.searchParams.set("collection", name);
  history.replaceState(null, "", address);
}
