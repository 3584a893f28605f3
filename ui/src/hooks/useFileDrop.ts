import { useEffect, useState } from "react";
import { type Dropped, droppedFiles } from "../files";

/** Take files dropped anywhere on the page; say whether some are being dragged over it. Null: none are taken. */
export function useFileDrop(onFiles: ((dropped: Dropped) => void) | null): boolean {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    if (onFiles === null) return;
    const onOver = (event: DragEvent): void => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(true);
    };
    const onLeave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false); // out of the window, not into a child
    };
    const onDrop = (event: DragEvent): void => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(false);
      void droppedFiles(event.dataTransfer).then(onFiles);
    };
    addEventListener("dragover", onOver);
    addEventListener("dragleave", onLeave);
    addEventListener("drop", onDrop);
    return () => {
      removeEventListener("dragover", onOver);
      removeEventListener("dragleave", onLeave);
      removeEventListener("drop", onDrop);
    };
  }, [onFiles]);
  return isOver;
}
