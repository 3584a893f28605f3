/** What an answer rests on, and what a refusal has instead. */

import type { ReactNode } from "react";
import type { Citation, Closest } from "../client/types";
import { placeOf } from "../text/words";
import { Icon } from "./icons";
import { Relevance } from "./Relevance";

interface Props {
  readonly citations: readonly Citation[];
  readonly active: number | null;
  readonly onCite: (number: number) => void;
}

/** List what an answer rests on, in the order of its numbers. */
export function Sources({ citations, active, onCite }: Props): ReactNode {
  return (
    <section className="sources" aria-label="Sources">
      <h3>Sources</h3>
      <ol>
        {citations.map((citation, at) => (
          <li key={at}>
            <button
              type="button"
              className="source"
              aria-pressed={active === at + 1}
              onClick={() => onCite(at + 1)}
            >
              <span className="source-number">{at + 1}</span>
              <span className="source-place">{placeOf(citation)}</span>
              <Relevance value={citation.relevance} />
              <q className="source-quote" dir="auto">{squeezed(citation.quote)}</q>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

interface ClosestProps {
  readonly closest: Closest;
  readonly isOpen: boolean;
  readonly onOpen: () => void;
}

/** Show the sentence that comes closest to an answer, apart from one: nothing rests on it. */
export function ClosestPassage({ closest, isOpen, onOpen }: ClosestProps): ReactNode {
  return (
    <section className="sources" aria-label="Closest passage">
      <h3>Closest passage, which may not answer the question</h3>
      <button type="button" className="source closest" aria-pressed={isOpen} onClick={onOpen}>
        <span className="source-number">
          <Icon name="document" />
        </span>
        <span className="source-place">{placeOf(closest)}</span>
        <q className="source-quote" dir="auto">{squeezed(closest.quote)}</q>
      </button>
    </section>
  );
}

/** Give a quotation on one line, without the Markdown around it: fences, and of a single line the bullet of a list or the edges of a table. */
function squeezed(quote: string): string {
  const line = quote.replace(/^[ \t]*(?:```|~~~).*$/gm, "").replace(/\s+/g, " ").trim();
  if (quote.trim().includes("\n")) return line; // in a fence, and between rows, such signs are content
  return line.replace(/^[-*] (?=\p{L})/u, "").replace(/^\| ([^|].*[^|]) \|$/, "$1"); // before a number they may be its sign
}
