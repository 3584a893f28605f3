/** The panel of what is open, a citation or a document: connects it with the server. */

import { type ReactNode, useState } from "react";
import type { Client } from "./client/client";
import type { Place, StoredDocument } from "./client/types";
import { saveAs } from "./clipboard";
import { Drawer } from "./components/Drawer";
import { Page } from "./components/Page";
import { Passage } from "./components/Passage";
import { type Opened, useDocument } from "./hooks/usePassage";
import { usePageImage } from "./hooks/usePageImage";
import { placesOf, type Turn } from "./state/conversation";

interface Props {
  readonly client: Client;
  readonly opened: Opened;
  readonly turns: readonly Turn[];
  readonly isModal: boolean;
  readonly onOpen: (opened: Opened) => void;
  readonly onClose: () => void;
}

export function OpenedPassage({ client, opened, turns, isModal, onOpen, onClose }: Props): ReactNode {
  const turn = opened.kind === "citation" ? turns.find((known) => known.id === opened.turnId) : undefined;
  const places = turn === undefined ? [] : placesOf(turn);
  const citation = opened.kind === "citation" ? (places[opened.number - 1] ?? null) : null;
  const documentId = opened.kind === "document" ? opened.documentId : (citation?.document_id ?? null);
  const loaded = useDocument(client, documentId, citation?.version ?? null);
  if (documentId === null) return null; // the turn has gone
  const { document } = loaded;
  const hasPages = document !== null && document.has_page_images && (citation === null || citation.page !== null);
  return (
    <Drawer className="passage" label="Passage" isModal={isModal} onClose={onClose}>
      <Passage
        title={opened.kind === "document" ? opened.title : citation?.title || citation?.source || ""}
        citation={citation}
        label={labelOf(opened, turn)}
        number={opened.kind === "citation" ? opened.number : 0}
        total={places.length}
        document={document}
        error={loaded.error}
        isGone={loaded.isGone}
        page={hasPages ? <OpenedPage client={client} document={document} citation={citation} /> : null}
        onRetry={loaded.retry}
        onTurnTo={(number) => opened.kind === "citation" && onOpen({ ...opened, number })}
        onSave={document?.has_file === true ? () => save(client, document) : null}
        onClose={onClose}
      />
    </Drawer>
  );
}

function labelOf(opened: Opened, turn: Turn | undefined): string {
  if (opened.kind === "document") return "Document";
  return turn?.state === "refused" ? "Closest passage" : `Source ${opened.number} of ${turn?.citations.length ?? 0}`;
}

interface PageProps {
  readonly client: Client;
  readonly document: StoredDocument;
  readonly citation: Place | null;
}

function OpenedPage({ client, document, citation }: PageProps): ReactNode {
  const [number, setNumber] = useState(citation?.page ?? 1);
  const version = citation?.version ?? document.version;
  const image = usePageImage(client, { documentId: document.document_id, version, number });
  return (
    <Page
      title={document.title || document.source}
      number={number}
      total={document.pages.at(-1)?.page ?? 1}
      url={image.url}
      error={image.error}
      quote={citation?.quote ?? null}
      boxes={citation?.boxes.filter((box) => box.page === number) ?? []}
      onRetry={image.retry}
      onTurnTo={setNumber}
    />
  );
}

async function save(client: Client, { document_id, version, source }: StoredDocument): Promise<void> {
  saveAs(await client.file(document_id, version), source.split("/").at(-1) ?? source);
}
