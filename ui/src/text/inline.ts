/** Markdown inside a block, as stretches of visible text with their style: strong, emphasis, code, links.
 *
 * There is no HTML and no picture: what looks like HTML stays text, a picture is named and never loaded.
 * Two underscores are none either: they stand in the names of programs more often than around words. */

export interface Style {
  readonly isStrong?: true;
  readonly isEmphasis?: true;
  readonly isCode?: true;
  readonly isPicture?: true; // its description
  readonly href?: string; // http or https
}

export interface Run {
  readonly start: number;
  readonly end: number;
  readonly style: Style;
  readonly cell: number; // of a table's row; 0 elsewhere
}

interface Mark {
  readonly inner: readonly [start: number, end: number]; // what is visible of it
  readonly style: Style;
  readonly isLiteral: boolean; // nothing inside it is markup
}

const MARKUP = new RegExp(
  [
    "(?<code>`+)(?!`)(?<codeText>[^\\n]*?[^`\\n])\\k<code>(?!`)",
    "(?<picture>!\\[)(?<pictureText>[^\\]\\n]*)\\]\\([^)\\n]*\\)",
    "(?<link>\\[)(?<linkText>[^\\]\\n]+)\\]\\((?<href>https?://(?:[^()\\s]|\\([^()\\s]*\\))+)\\)",
    "(?<strong>\\*\\*)(?=\\S)(?<strongText>(?:(?!\\k<strong>)[^\\n])*\\S)\\k<strong>",
    "(?<![\\p{L}\\p{N}*_])(?<emphasis>[*_])(?=[^\\s*_])(?<emphasisText>(?:(?!\\k<emphasis>)[^\\n])*[^\\s*_])\\k<emphasis>(?![\\p{L}\\p{N}*_])",
  ].join("|"),
  "u",
);

/** Cut a stretch of a text into runs; the characters of the markup are in none. */
export function runsOf(text: string, start: number, end: number, style: Style = {}): Run[] {
  const found = MARKUP.exec(text.slice(start, end));
  if (found === null) return start < end ? [{ start, end, style, cell: 0 }] : [];
  const at = start + found.index;
  const { inner, style: added, isLiteral } = markOf(found, at);
  const both = { ...style, ...added };
  const inside = isLiteral ? [{ start: inner[0], end: inner[1], style: both, cell: 0 }] : runsOf(text, ...inner, both);
  const before = start < at ? [{ start, end: at, style, cell: 0 }] : [];
  return [...before, ...inside.filter((run) => run.start < run.end), ...runsOf(text, at + found[0].length, end, style)];
}

/** Cut a table's row into runs with the number of their cell. */
export function cellRuns(text: string, start: number, end: number): Run[] {
  const runs: Run[] = [];
  let from = start;
  const isClosed = text[start] === "|" && text[end - 1] === "|";
  let cell = isClosed ? -1 : 0; // nothing stands before the first bar
  for (let at = start; at <= end; at += 1) {
    if (at < end && (text[at] !== "|" || text[at - 1] === "\\")) continue;
    runs.push(...runsOf(text, from, at).filter(() => cell >= 0).map((run) => ({ ...run, cell })));
    from = at + 1;
    cell += 1;
  }
  return runs;
}

function markOf(found: RegExpExecArray, at: number): Mark {
  const groups = found.groups ?? {};
  const [name, style] = KINDS.find(([kind]) => groups[kind] !== undefined) ?? KINDS[0];
  const from = at + (groups[name]?.length ?? 0);
  const inner = [from, from + (groups[`${name}Text`]?.length ?? 0)] as const;
  const isLiteral = name === "code" || name === "picture";
  return { inner, style: groups.href === undefined ? style : { href: groups.href }, isLiteral };
}

const KINDS = [
  ["code", { isCode: true }],
  ["picture", { isPicture: true }],
  ["link", {}],
  ["strong", { isStrong: true }],
  ["emphasis", { isEmphasis: true }],
] as const satisfies readonly (readonly [string, Style])[];
