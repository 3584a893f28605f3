import { useCallback, useEffect, useRef, useState } from "react";
import type { Client } from "../client/client";
import { isGone, messageOf } from "../client/errors";
import type { StoredDocument } from "../client/types";

export type Opened =
  | { readonly kind: "citation"; readonly turnId: number; readonly number: number }
  | { readonly kind: "document"; readonly documentId: string; readonly title: string };

export interface Loaded {
  readonly document: StoredDocument | null;
  readonly error: string | null;
  readonly isGone: boolean; // for good: it was deleted
  readonly retry: () => void;
}

/** Load the document that is open in the panel, null while none is; of null for its version, as it is now. */
export function useDocument(client: Client, documentId: string | null, version: number | null): Loaded {
  const [loaded, setLoaded] = useState<{ id: string; version: number | null; document: StoredDocument | null; problem: unknown }>();
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    if (documentId === null) return;
    let isCurrent = true;
    const show = (document: StoredDocument | null, problem: unknown): void => {
      if (isCurrent) setLoaded({ id: documentId, version, document, problem });
    };
    client.document(documentId, version).then(
      (document) => show(document, null),
      (error: unknown) => show(null, error),
    );
    return () => {
      isCurrent = false;
    };
  }, [client, documentId, version, attempt]);
  const isThis = loaded !== undefined && loaded.id === documentId && loaded.version === version;
  return {
    document: isThis ? loaded.document : null,
    error: isThis && loaded.problem !== null ? messageOf(loaded.problem) : null,
    isGone: isThis && isGone(loaded.problem),
    retry: () => {
      setLoaded(undefined);
      setAttempt(attempt + 1);
    },
  };
}

/** Keep what is open in the panel. Closing it gives the focus back to where it was; leaving it does not. */
export function useOpened(): [opened: Opened | null, open: (opened: Opened) => void, close: () => void, leave: () => void] {
  const [opened, setOpened] = useState<Opened | null>(null);
  const origin = useRef<HTMLElement | null>(null);
  const open = useCallback((next: Opened) => {
    const focused = document.activeElement;
    // Paging from inside the panel must not make the panel its own origin.
    if (focused instanceof HTMLElement && focused.closest("[data-panel]") === null) origin.current = focused;
    setOpened(next);
  }, []);
  const leave = useCallback(() => {
    setOpened(null);
    origin.current = null;
  }, []);
  const close = useCallback(() => {
    const back = origin.current;
    leave();
    if (back !== null) requestAnimationFrame(() => back.focus());
  }, [leave]);
  return [opened, open, close, leave];
}
