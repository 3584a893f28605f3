import { useEffect, useState } from "react";
import type { Client } from "../client/client";
import { messageOf } from "../client/errors";

const MAX_WIDTH = 1800; // pixels: sharp on a dense screen, quick to draw

interface Place {
  readonly documentId: string;
  readonly version: number;
  readonly number: number;
}

export interface PageImage {
  readonly url: string | null; // null while it loads
  readonly error: string | null;
  readonly retry: () => void;
}

/** Load the picture of a page; its address is given back when it is no longer shown. */
export function usePageImage(client: Client, { documentId, version, number }: Place): PageImage {
  const [image, setImage] = useState<{ key: string; url: string | null; error: string | null }>();
  const [attempt, setAttempt] = useState(0);
  const key = `${documentId} ${version} ${number} ${attempt}`;
  useEffect(() => {
    let isCurrent = true;
    let url: string | null = null;
    const width = Math.min(MAX_WIDTH, Math.round((900 * Math.max(1, devicePixelRatio)) / 100) * 100);
    client.page(documentId, number, version, width).then(
      (picture) => {
        if (!isCurrent) return;
        url = URL.createObjectURL(picture);
        setImage({ key, url, error: null });
      },
      (error: unknown) => isCurrent && setImage({ key, url: null, error: messageOf(error) }),
    );
    return () => {
      isCurrent = false;
      if (url !== null) URL.revokeObjectURL(url);
    };
  }, [client, documentId, version, number, key]);
  const isThis = image?.key === key;
  return {
    url: isThis ? image.url : null,
    error: isThis ? image.error : null,
    retry: () => setAttempt(attempt + 1),
  };
}
