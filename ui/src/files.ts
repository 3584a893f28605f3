/** Files out of a drop or a choice, named by their path in the folder that they came in. */

export interface Dropped {
  readonly files: readonly File[];
  readonly unread: readonly string[]; // what the browser could not read, by path
}

/** Give every file of a drop, folders opened. */
export async function droppedFiles(transfer: DataTransfer): Promise<Dropped> {
  // The entries must be taken before the first await: the list is emptied when the event is over.
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return { files: Array.from(transfer.files), unread: [] };
  const unread: string[] = [];
  const files = await Promise.all(entries.map((entry) => filesOf(entry, unread)));
  return { files: files.flat(), unread };
}

async function filesOf(entry: FileSystemEntry, unread: string[]): Promise<File[]> {
  if (entry.name.startsWith(".")) return []; // .DS_Store and its kind
  const path = entry.fullPath.replace(/^\//, "");
  try {
    if (isDirectory(entry)) return (await Promise.all((await childrenOf(entry)).map((child) => filesOf(child, unread)))).flat();
    return [named(await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)), path)];
  } catch {
    unread.push(path);
    return [];
  }
}

/** Give the files of a chosen folder; hidden ones are left out. */
export function chosenFiles(files: Iterable<File>): File[] {
  return Array.from(files, (file) => named(file, file.webkitRelativePath || file.name)).filter(
    ({ name }) => !name.split("/").some((part) => part.startsWith(".")),
  );
}

/** Give the same file under a name with its folders: two of one name would replace each other. */
function named(file: File, path: string): File {
  return path === file.name ? file : new File([file], path, { type: file.type, lastModified: file.lastModified });
}

async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const children: FileSystemEntry[] = [];
  for (;;) {
    // A reader gives about a hundred entries at a time, and none at the end.
    const more = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (more.length === 0) return children;
    children.push(...more);
  }
}

function isDirectory(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}
