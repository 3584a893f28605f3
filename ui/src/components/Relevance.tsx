import type { ReactNode } from "react";
import { relevanceWord } from "../text/words";

/** Show how well a quotation supports its sentence: a meter and the number. */
export function Relevance({ value }: { readonly value: number }): ReactNode {
  const percent = `${Math.round(value * 100)}%`;
  return (
    <span className="relevance" title={`Probability that the passage supports the sentence: ${percent}`}>
      <meter min={0} max={1} value={value} aria-label="Relevance">
        {percent}
      </meter>
      <span>
        {percent} <span className="relevance-word">{relevanceWord(value)}</span>
      </span>
    </span>
  );
}
