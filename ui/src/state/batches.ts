/** How many files travel in one request: few enough for visible progress, enough to be indexed together. */

import { mayFitInParts } from "../client/errors";

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

/** Send a batch; one that is refused goes file by file, so that only those fail that have to. */
export async function sendBatch<File>(
  batch: readonly File[],
  send: (files: readonly File[]) => Promise<void>,
  onFailed: (files: readonly File[], error: unknown) => void | Promise<void>,
): Promise<void> {
  try {
    await send(batch);
  } catch (error) {
    if (batch.length === 1 || !mayFitInParts(error)) return await onFailed(batch, error);
    for (const file of batch) await sendBatch([file], send, onFailed);
  }
}
