/** How many files travel in one request: few enough for visible progress, enough to be indexed together. */

const MAX_FILES = 20;
const MAX_BYTES = 32_000_000;

/** Cut a list of files into requests, in order; a file above the byte limit travels alone. */
export function batches<File extends { readonly size: number }>(files: readonly File[]): File[][] {
  const result: File[][] = [];
  let bytes = 0;
  for (const file of files) {
    const last = result.at(-1);
    if (last !== undefined && last.length < MAX_FILES && bytes + file.size <= MAX_BYTES) {
      last.push(file);
      bytes += file.size;
    } else {
      result.push([file]);
      bytes = file.size;
    }
  }
  return result;
}
