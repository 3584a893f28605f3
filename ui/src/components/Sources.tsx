import type { ReactNode } from "react";
import type { Citation } from "../client/types";
import { placeOf } from "../text/words";
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
              <q className="source-quote">{citation.quote.replace(/\s+/g, " ").trim()}</q>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
