/** Offsets: the server counts Unicode code points, JavaScript strings count UTF-16 units. */

/** Give the function from code point offsets of a text to its UTF-16 indices; beyond the end gives the end. */
export function utf16Index(text: string): (offset: number) => number {
  const pairs = astralOffsets(text);
  return (offset) => Math.min(offset + countBelow(pairs, offset), text.length);
}

/** List the code point offsets of the characters that take two UTF-16 units. */
function astralOffsets(text: string): number[] {
  const offsets: number[] = [];
  for (const match of text.matchAll(/[\u{10000}-\u{10ffff}]/gu)) {
    offsets.push(match.index - offsets.length);
  }
  return offsets;
}

function countBelow(ascending: readonly number[], limit: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] as number) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
