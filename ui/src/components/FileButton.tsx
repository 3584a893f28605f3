import { type ReactNode, useRef } from "react";
import { chosenFiles } from "../files";

interface Props {
  readonly className: string;
  readonly isFolder?: boolean; // choose a folder with all that is in it
  readonly onFiles: (files: readonly File[]) => void;
  readonly children: ReactNode;
}

/** A button that lets the user choose files. */
export function FileButton({ className, isFolder = false, onFiles, children }: Props): ReactNode {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" className={className} onClick={() => input.current?.click()}>
        {children}
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        {...(isFolder ? { webkitdirectory: "" } : {})}
        onChange={(event) => {
          const files = chosenFiles(event.target.files ?? []);
          event.target.value = ""; // choosing the same file again counts as a change
          if (files.length > 0) onFiles(files);
        }}
      />
    </>
  );
}
