/** The page that compares two pipelines: connects it with the server. */

import { type ReactNode, useCallback, useRef, useState } from "react";
import type { Client } from "./client/client";
import { messageOf } from "./client/errors";
import { type Comparison, SearchTest, type Side } from "./components/SearchTest";
import { useLoaded } from "./hooks/useLoaded";

const WAITING: Side = { found: null, error: null };

interface Props {
  readonly client: Client;
  readonly collection: string;
  readonly onOpen: (documentId: string, title: string) => void;
}

export function SearchPage({ client, collection, onOpen }: Props): ReactNode {
  const names = useLoaded(useCallback(() => client.retrievers(), [client]));
  const [compared, setCompared] = useState<Comparison | null>(null);
  const [sides, setSides] = useState<readonly [Side, Side]>([WAITING, WAITING]);
  const newest = useRef<Comparison>(null);
  const compare = (comparison: Comparison): void => {
    newest.current = comparison;
    setCompared(comparison);
    setSides([WAITING, WAITING]);
    const { query, pipelines } = comparison;
    void Promise.all(pipelines.map((retriever) => searched(client, { query, collection, retriever }))).then(([first, second]) => {
      if (newest.current === comparison) setSides([first ?? WAITING, second ?? WAITING]);
    });
  };
  return (
    <SearchTest
      collection={collection}
      retrievers={names.value ?? ["default"]}
      compared={compared}
      sides={sides}
      onCompare={compare}
      onOpen={onOpen}
    />
  );
}

async function searched(client: Client, wanted: Parameters<Client["search"]>[0]): Promise<Side> {
  try {
    return { found: await client.search(wanted), error: null };
  } catch (error) {
    return { found: null, error: messageOf(error) };
  }
}
