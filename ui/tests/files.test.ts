import { expect, it } from "vitest";
import { droppedFiles } from "../src/files";

type Reading<Value> = (resolve: (value: Value) => void, reject: (problem: Error) => void) => void;

function entry(fullPath: string, rest: object): object {
  return { name: fullPath.split("/").at(-1), fullPath, ...rest };
}

function file(path: string, read?: Reading<File>): object {
  const reads: Reading<File> = (resolve) => resolve(new File(["oak"], path.split("/").at(-1) ?? ""));
  return entry(path, { isDirectory: false, file: read ?? reads });
}

function folder(path: string, ...children: object[]): object {
  const readEntries: Reading<object[]> = (resolve) => resolve(children.splice(0));
  return entry(path, { isDirectory: true, createReader: () => ({ readEntries }) });
}

it("takes what can be read of a drop, and names the rest", async () => {
  const refuse = (_: unknown, reject: (problem: Error) => void): void => reject(new Error("not allowed"));
  const closed = entry("/trees/closed", { isDirectory: true, createReader: () => ({ readEntries: refuse }) });
  const trees = folder("/trees", file("/trees/oak.md"), file("/trees/elm.md", refuse), closed, file("/trees/.hidden"));
  const items = [trees, file("/bees.md")].map((each) => ({ webkitGetAsEntry: () => each }));
  const { files, unread } = await droppedFiles({ items } as unknown as DataTransfer);
  expect(files.map(({ name }) => name)).toEqual(["trees/oak.md", "bees.md"]);
  expect(unread).toEqual(["trees/elm.md", "trees/closed"]);
});
