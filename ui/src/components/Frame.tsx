/** A page of the main area other than the chat: its title, the way back, and what it shows. */

import type { ReactNode } from "react";
import { Icon } from "./icons";

interface Props {
  readonly title: string;
  readonly onOpenLibrary: (() => void) | null; // null: the library is in view
  readonly onBack: () => void;
  readonly children: ReactNode;
}

export function Frame({ title, onOpenLibrary, onBack, children }: Props): ReactNode {
  return (
    <main className="chat">
      <header className="chat-bar">
        {onOpenLibrary !== null && (
          <button type="button" className="icon-button" aria-label="Open the library" onClick={onOpenLibrary}>
            <Icon name="menu" />
          </button>
        )}
        <button type="button" className="quiet" onClick={onBack}>
          <Icon name="previous" /> Back to the chat
        </button>
      </header>
      <div className="scroller" tabIndex={0} role="region" aria-label={title}>
        <div className="sheet-body">
          <h1 className="sheet-title">{title}</h1>
          {children}
        </div>
      </div>
    </main>
  );
}

/** Say what went wrong, with a way to try again. */
export function Failed({ message, onRetry }: { readonly message: string; readonly onRetry: () => void }): ReactNode {
  return (
    <div className="notice failure" role="alert">
      <p>
        <Icon name="alert" /> {message}
      </p>
      <button type="button" onClick={onRetry}>
        <Icon name="retry" /> Try again
      </button>
    </div>
  );
}
