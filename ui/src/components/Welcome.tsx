/** What stands where the conversation will be: how to begin. */

import type { ReactNode } from "react";
import { FileButton } from "./FileButton";
import { Icon, Mark } from "./icons";

/** Invite to add the first documents. */
export function FirstDocuments({ onAdd }: { readonly onAdd: (files: readonly File[]) => void }): ReactNode {
  return (
    <section className="welcome">
      <Mark />
      <h2>Answers that show their roots</h2>
      <p className="lead">
        Add your documents and ask about them. Every sentence of an answer leads to the exact words, and the page, that it
        rests on.
      </p>
      <FileButton className="dropzone" onFiles={onAdd}>
        <Icon name="upload" />
        <strong>Choose files</strong>
        <span>or drop them here: PDF, Word, PowerPoint, Excel, OpenDocument, RTF, CSV, HTML, Markdown, text</span>
      </FileButton>
    </section>
  );
}

/** Say what there is, to who may add nothing and perhaps not ask. */
export function Reading({ hasDocuments }: { readonly hasDocuments: boolean }): ReactNode {
  return (
    <section className="welcome">
      <Mark />
      <h2>Answers that show their roots</h2>
      <p className="lead">
        {hasDocuments ? "The documents of this collection are yours to read: open them in the library, or search them." : "This collection has no documents yet."}
      </p>
    </section>
  );
}

/** Say that the first documents are on their way. */
export function Indexing(): ReactNode {
  return (
    <section className="welcome">
      <Mark />
      <h2>Your documents are taking root</h2>
      <p className="lead">You can write your question now, and ask it as soon as the first document is ready.</p>
    </section>
  );
}

interface FirstQuestionProps {
  readonly questions: readonly string[];
  readonly onAsk: (question: string) => void;
}

/** Invite to ask the first question, with examples. */
export function FirstQuestion({ questions, onAsk }: FirstQuestionProps): ReactNode {
  return (
    <section className="welcome">
      <Mark />
      <h2>What would you like to know?</h2>
      <p className="lead">
        Ask in full sentences and name what you mean. If the documents do not say, Grove tells you so.
      </p>
      <ul className="examples" aria-label="Example questions">
        {questions.map((question) => (
          <li key={question}>
            <button type="button" onClick={() => onAsk(question)}>
              {question}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
