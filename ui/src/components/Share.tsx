/** Sharing a conversation by a link, and ending that. */

import { type KeyboardEvent, type ReactNode, useRef, useState } from "react";
import { messageOf } from "../client/errors";
import { Icon } from "./icons";

interface Props {
  readonly link: string | null; // null: it is not shared
  readonly onShare: () => Promise<void>;
  readonly onUnshare: () => Promise<void>;
  readonly onCopy: (text: string) => Promise<void>;
}

export function Share({ link, onShare, onUnshare, onCopy }: Props): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const [said, setSaid] = useState<{ text: string; isError: boolean }>({ text: "", isError: false });
  const opener = useRef<HTMLButtonElement>(null);
  const attempt = (work: Promise<void>, done: string): void => {
    work.then(
      () => setSaid({ text: done, isError: false }),
      (error: unknown) => setSaid({ text: messageOf(error), isError: true }),
    );
  };
  const open = (): void => {
    setOpen(!isOpen);
    if (!isOpen && link === null) attempt(onShare(), "");
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !isOpen) return;
    setOpen(false);
    opener.current?.focus();
  };
  return (
    <div className="share" onKeyDown={onKeyDown}>
      <button type="button" ref={opener} className="quiet" aria-expanded={isOpen} onClick={open}>
        <Icon name="share" /> <span className="bar-label">Share</span>
      </button>
      {isOpen && (
        <div className="share-box" role="group" aria-label="Share this conversation">
          {link !== null && (
            <>
              <p>Who has this link and may use the collection can read the conversation.</p>
              <input readOnly value={link} aria-label="Link to this conversation" onFocus={(event) => event.target.select()} />
              <p className="row-choices">
                <button type="button" onClick={() => attempt(onCopy(link), "Copied")}>
                  <Icon name="copy" /> Copy the link
                </button>
                <button type="button" className="quiet" onClick={() => attempt(onUnshare().then(() => setOpen(false)), "")}>
                  Stop sharing
                </button>
              </p>
            </>
          )}
          <p className={said.isError ? "field-error" : "hint"} role="status">
            {said.text}
          </p>
        </div>
      )}
    </div>
  );
}
