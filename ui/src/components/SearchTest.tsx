/** One query through two pipelines, side by side. */

import { type ReactNode, useId, useState } from "react";
import type { Found } from "../client/types";
import { movement, type Ranked, ranked } from "../state/ranking";
import { duration, placeOf } from "../text/words";

export interface Comparison {
  readonly query: string;
  readonly pipelines: readonly [string, string];
}

export interface Side {
  readonly found: Found | null; // null while it is searched
  readonly error: string | null;
}

interface Props {
  readonly collection: string;
  readonly retrievers: readonly string[];
  readonly compared: Comparison | null;
  readonly sides: readonly [Side, Side];
  readonly onCompare: (comparison: Comparison) => void;
  readonly onOpen: (documentId: string, title: string) => void;
}

export function SearchTest({ collection, retrievers, compared, sides, onCompare, onOpen }: Props): ReactNode {
  const [query, setQuery] = useState(compared?.query ?? "");
  const [left, setLeft] = useState(compared?.pipelines[0] ?? "default");
  const [right, setRight] = useState(compared?.pipelines[1] ?? "lexical");
  const [first, second] = sides;
  return (
    <>
      <p className="lead">See what two pipelines find in “{collection}”, and what one finds that the other does not.</p>
      <form
        className="search-form"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          if (query.trim() !== "") onCompare({ query: query.trim(), pipelines: [left, right] });
        }}
      >
        <input type="search" className="search" dir="auto" value={query} aria-label="Query" placeholder="Query" onChange={(event) => setQuery(event.target.value)} />
        <Pipeline label="First pipeline" names={retrievers} value={left} onChange={setLeft} />
        <Pipeline label="Second pipeline" names={retrievers} value={right} onChange={setRight} />
        <button type="submit" className="primary">
          Compare
        </button>
      </form>
      {compared !== null && (
        <>
          <p className="compared" dir="auto">
            “{compared.query}”
          </p>
          <div className="sides">
            <Hits name={compared.pipelines[0]} side={first} other={second} onOpen={onOpen} />
            <Hits name={compared.pipelines[1]} side={second} other={first} onOpen={onOpen} />
          </div>
        </>
      )}
    </>
  );
}

interface PipelineProps {
  readonly label: string;
  readonly names: readonly string[];
  readonly value: string;
  readonly onChange: (name: string) => void;
}

function Pipeline({ label, names, value, onChange }: PipelineProps): ReactNode {
  const id = useId();
  return (
    <span className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
        {(names.includes(value) ? names : [value, ...names]).map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </span>
  );
}

interface HitsProps {
  readonly name: string;
  readonly side: Side;
  readonly other: Side;
  readonly onOpen: Props["onOpen"];
}

function Hits({ name, side: { found, error }, other, onOpen }: HitsProps): ReactNode {
  const total = found?.timings.total ?? Object.values(found?.timings ?? {}).reduce((sum, part) => sum + part, 0);
  return (
    <section className="side" aria-label={`Found by ${name}`} aria-busy={found === null && error === null}>
      <h2>
        {name} {found !== null && <span className="row-state">{duration(total)}</span>}
      </h2>
      {error !== null && <p className="field-error">{error}</p>}
      {error === null && found === null && <p className="hint">Searching…</p>}
      {found?.hits.length === 0 && <p className="hint">Nothing found.</p>}
      <ol className="hits">
        {ranked(found?.hits ?? [], other.found?.hits ?? []).map((each) => (
          <HitRow key={each.hit.chunk_id} ranked={each} onOpen={onOpen} />
        ))}
      </ol>
    </section>
  );
}

function HitRow({ ranked: each, onOpen }: { readonly ranked: Ranked; readonly onOpen: Props["onOpen"] }): ReactNode {
  const { hit, otherRank } = each;
  return (
    <li className={otherRank === null ? "hit alone" : "hit"}>
      <button type="button" className="row-name" onClick={() => onOpen(hit.document_id, hit.title || hit.source)}>
        {placeOf(hit)}
      </button>
      <span className="row-state">
        score {hit.score.toPrecision(3)} · {movement(each)}
      </span>
      <p className="hit-text">{hit.text}</p>
    </li>
  );
}
