/** A page of a document as it looks, with the cited words marked where they stand. */

import { type ReactNode, useRef, useState } from "react";
import type { Box } from "../client/types";
import { Icon } from "./icons";

const ZOOMS = [1, 1.5, 2.25] as const;

export interface PageProps {
  readonly title: string;
  readonly number: number;
  readonly total: number;
  readonly url: string | null; // null while it is drawn
  readonly error: string | null;
  readonly quote: string | null;
  readonly boxes: readonly Box[]; // on this page
  readonly onRetry: () => void;
  readonly onTurnTo: (number: number) => void;
}

export function Page(props: PageProps): ReactNode {
  const [zoom, setZoom] = useState(0);
  const scale = ZOOMS[zoom] ?? 1;
  return (
    <>
      <PageBar {...props} zoom={zoom} onZoom={setZoom} />
      <div className="page-scroller" tabIndex={0} role="region" aria-label="Page of the document">
        {props.error !== null ? (
          <div className="notice failure">
            <p>
              <Icon name="alert" /> The page cannot be shown: {props.error}
            </p>
            <button type="button" onClick={props.onRetry}>
              <Icon name="retry" /> Try again
            </button>
          </div>
        ) : (
          <Sheet key={props.number} {...props} scale={scale} />
        )}
      </div>
    </>
  );
}

function Sheet({ title, number, url, quote, boxes, scale }: PageProps & { readonly scale: number }): ReactNode {
  const sheet = useRef<HTMLElement>(null);
  // Only now has the picture its height.
  const showMark = (): void => sheet.current?.querySelector(".page-mark")?.scrollIntoView({ block: "center", inline: "center" });
  if (url === null) return <p className="passage-note page-waiting">Drawing page {number}…</p>;
  return (
    <figure className="sheet" ref={sheet} style={{ width: `${scale * 100}%` }}>
      <img src={url} alt={`Page ${number} of ${title}`} onLoad={showMark} />
      {boxes.map((box, at) => (
        <span key={at} className="page-mark" style={placeOf(box)} />
      ))}
      {quote !== null && boxes.length > 0 && <figcaption className="visually-hidden">Highlighted: {quote}</figcaption>}
    </figure>
  );
}

interface PageBarProps extends PageProps {
  readonly zoom: number;
  readonly onZoom: (zoom: number) => void;
}

function PageBar({ number, total, zoom, onZoom, onTurnTo }: PageBarProps): ReactNode {
  const isLast = zoom === ZOOMS.length - 1;
  return (
    <div className="page-bar">
      <button
        type="button"
        className="icon-button"
        aria-label="Previous page"
        aria-disabled={number <= 1}
        onClick={() => number > 1 && onTurnTo(number - 1)}
      >
        <Icon name="previous" />
      </button>
      <span role="status">
        Page {number} of {total}
      </span>
      <button
        type="button"
        className="icon-button"
        aria-label="Next page"
        aria-disabled={number >= total}
        onClick={() => number < total && onTurnTo(number + 1)}
      >
        <Icon name="next" />
      </button>
      <button
        type="button"
        className="icon-button page-zoom"
        aria-label={isLast ? "Fit the page to the panel" : "Enlarge the page"}
        onClick={() => onZoom(isLast ? 0 : zoom + 1)}
      >
        <Icon name={isLast ? "smaller" : "larger"} />
      </button>
    </div>
  );
}

function placeOf({ x0, y0, x1, y1 }: Box): Record<"left" | "top" | "width" | "height", string> {
  const share = (value: number): string => `${(value * 100).toFixed(3)}%`;
  return { left: share(x0), top: share(y0), width: share(x1 - x0), height: share(y1 - y0) };
}
