/** The whole page: connects state and server (hooks) with what is shown (components). */

import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { collectionOfAddress, conversationOfAddress, onStep, remember, sharedLink, viewOfAddress } from "./address";
import { access } from "./client/access";
import type { Client } from "./client/client";
import type { ConversationSummary } from "./client/types";
import { copyText } from "./clipboard";
import { Account } from "./components/Account";
import { Chat } from "./components/Chat";
import { ConversationList } from "./components/ConversationList";
import { Drawer } from "./components/Drawer";
import { Frame } from "./components/Frame";
import { Icon } from "./components/icons";
import { LibraryPanel } from "./components/LibraryPanel";
import { Places } from "./components/Places";
import { Share } from "./components/Share";
import { useConversation } from "./hooks/useConversation";
import { useConversations } from "./hooks/useConversations";
import { useFileDrop } from "./hooks/useFileDrop";
import { useLoaded } from "./hooks/useLoaded";
import { useLibrary } from "./hooks/useLibrary";
import { useMedia } from "./hooks/useMedia";
import { useOpened } from "./hooks/usePassage";
import { InsightsPage } from "./InsightsPage";
import { KeysPage } from "./KeysPage";
import { OpenedPassage } from "./OpenedPassage";
import { SchedulesPage } from "./SchedulesPage";
import { SearchPage } from "./SearchPage";
import { SettingsPage } from "./SettingsPage";
import { rightsOf } from "./state/rights";
import { type View, VIEW_NAMES } from "./state/views";
import { announcement } from "./text/words";

export function App({ client }: { readonly client: Client }): ReactNode {
  const [view, setView] = useState(viewOfAddress);
  const [library, actions] = useLibrary(client, collectionOfAddress(), view);
  const [first] = useState(conversationOfAddress);
  const talk = useConversation(client, first);
  const [listed, list] = useConversations(client, talk.version);
  const [opened, open, close, leave] = useOpened();
  const [isLibraryOpen, setLibraryOpen] = useState(false);
  const isWide = useMedia("(min-width: 1080px)");
  const isRoomy = useMedia("(min-width: 860px)");
  const composer = useRef<HTMLTextAreaElement>(null);
  const { addDropped, choose } = actions;
  const me = useLoaded(useCallback(() => client.me(), [client])).value;
  const rights = rightsOf(me);
  const isDropping = useFileDrop(rights.write ? addDropped : null);
  const { collection } = library;
  const { summary } = talk;
  const conversationId = summary?.conversation_id ?? talk.address.conversationId;
  const { sharedToken } = talk.address;
  const address = useMemo(() => ({ conversationId: sharedToken === null ? conversationId : null, sharedToken }), [conversationId, sharedToken]);
  useEffect(() => remember({ collection, address, view }, talk.address), [collection, address, view, talk.address]);
  const { open: openTalk } = talk;
  useEffect(
    () =>
      onStep((shown) => {
        close();
        setLibraryOpen(false);
        setView(shown.view);
        choose(shown.collection);
        const isShown = shown.address.conversationId === address.conversationId && shown.address.sharedToken === address.sharedToken;
        if (!isShown) openTalk(shown.address);
      }),
    [address, choose, close, openTalk],
  );
  const spoken = summary?.collection;
  useEffect(() => {
    if (spoken !== undefined) choose(spoken); // the conversation's own, also after a reload
  }, [spoken, choose]);

  const goTo = (next: View): void => {
    close();
    setLibraryOpen(false);
    setView(next);
  };
  const name = me?.caller?.name ?? null;
  const signOut = (): Promise<void> =>
    client.signOut().then(
      (url) => location.assign(url ?? "."),
      () => location.reload(), // which shows who one is now, or that the server does not answer
    );
  const showNone = (): void => {
    setView("chat");
    talk.clear();
    leave();
  };
  const startOver = (): void => {
    showNone();
    composer.current?.focus();
  };
  const changed = (next: ConversationSummary): void => {
    talk.changed(next);
    list.changed(next);
  };
  const conversations = rights.ask ? (
    <ConversationList
      conversations={listed}
      current={conversationId}
      onSearch={list.search}
      onOpen={({ conversation_id }) => {
        goTo("chat");
        talk.open({ conversationId: conversation_id, sharedToken: null });
      }}
      onRename={async (id, title) => changed(await client.renameConversation(id, title))}
      onRemove={async (id) => {
        await list.remove(id);
        if (id === conversationId) showNone(); // the focus stays in the list
      }}
      onMore={list.loadMore}
      onRetry={list.refresh}
    />
  ) : null;
  const share =
    summary === null || talk.isReadOnly || !listed.canShare ? null : (
      <Share
        key={summary.conversation_id}
        link={summary.share_token === null ? null : sharedLink(summary.share_token)}
        onShare={async () => changed(await client.share(summary.conversation_id))}
        onUnshare={async () => changed(await client.unshare(summary.conversation_id))}
        onCopy={copyText}
      />
    );
  const panel = (
    <LibraryPanel
      library={library}
      canWrite={rights.write}
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
      onAttemptAgain={actions.attemptAgain}
      onReindex={actions.reindex}
      onDismissAction={actions.dismissAction}
      conversations={conversations}
      places={
        <div className="library-foot">
          <Places view={view} rights={rights} onGo={goTo} />
          {!rights.admin && access.hasKey() && (
            <button type="button" className="quiet forget-key" onClick={() => access.forget()}>
              <Icon name="leave" /> Forget the key of this tab
            </button>
          )}
          {name !== null && <Account name={name} onSignOut={() => void signOut()} />}
        </div>
      }
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
      {view !== "chat" && (
        <Frame title={VIEW_NAMES[view]} onOpenLibrary={isWide ? null : () => setLibraryOpen(true)} onBack={() => goTo("chat")}>
          {view === "search" && (
            <SearchPage
              key={collection}
              client={client}
              collection={collection}
              onOpen={(documentId, title) => open({ kind: "document", documentId, title })}
            />
          )}
          {view === "schedules" && (
            <SchedulesPage client={client} canWrite={rights.write} collection={collection} collections={(library.collections ?? []).map(({ name }) => name)} />
          )}
          {view === "insights" && <InsightsPage client={client} />}
          {view === "keys" && <KeysPage client={client} />}
          {view === "settings" && <SettingsPage client={client} />}
        </Frame>
      )}
      {view === "chat" && (
        <Chat
          library={library}
          rights={rights}
          talk={talk}
          opened={opened}
          composer={composer}
          share={share}
          onOpenLibrary={isWide ? null : () => setLibraryOpen(true)}
          onCite={(turn, number) => open({ kind: "citation", turnId: turn.id, number })}
          onAdd={actions.add}
          onStartOver={startOver}
        />
      )}
      {opened !== null && (
        <OpenedPassage client={client} opened={opened} turns={talk.turns} isModal={!isRoomy} onOpen={open} onClose={close} />
      )}
      {isDropping && <div className="drop-target">Drop to add to “{collection}”</div>}
    </div>
  );
}
