/** Hard-wrapped text made to flow: a column of 79 characters looks torn in a panel that holds 50. */

const MIN_WIDTH = 50;
const MAX_WIDTH = 110;
const NEW_ITEM = /^(?:\s|[-*+•|>#=~`]|\d+[.)]|$)/;

/**
 * Turn the line ends inside hard-wrapped paragraphs into spaces; the length stays, so that offsets hold.
 *
 * A paragraph is hard-wrapped when no line could have taken the first word of the next: verse, tables, code
 * and logs fail that test and keep their lines.
 */
export function unwrapped(text: string): string {
  const lines = text.split("\n");
  let result = "";
  let start = 0;
  while (start < lines.length) {
    let end = start + 1;
    const isBlank = (lines[start] ?? "").trim() === "";
    while (!isBlank && end < lines.length && !NEW_ITEM.test(lines[end] ?? "")) end += 1;
    const paragraph = lines.slice(start, end);
    result += (start === 0 ? "" : "\n") + paragraph.join(isWrapped(paragraph) ? " " : "\n");
    start = end;
  }
  return result;
}

function isWrapped(paragraph: readonly string[]): boolean {
  const width = Math.max(...paragraph.map((line) => line.length));
  if (width < MIN_WIDTH || width > MAX_WIDTH) return false;
  return paragraph.slice(1).every((line, at) => {
    const word = /^\S*/.exec(line)?.[0] ?? "";
    return (paragraph[at] ?? "").length + 1 + word.length > width;
  });
}
