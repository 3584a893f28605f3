import { type ReactNode, useState } from "react";
import { messageOf } from "../client/errors";
import { Icon } from "./icons";

interface Props {
  readonly label: string;
  readonly className?: string;
  readonly onCopy: () => Promise<void>;
}

/** Copy something, and say whether that went well. */
export function CopyButton({ label, className, onCopy }: Props): ReactNode {
  const [isCopied, setCopied] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const copy = async (): Promise<void> => {
    setError(null);
    try {
      await onCopy();
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
    } catch (problem) {
      setError(messageOf(problem));
    }
  };
  return (
    <>
      <button type="button" className={className} onClick={() => void copy()}>
        <Icon name={isCopied ? "check" : "copy"} /> {isCopied ? "Copied" : label}
      </button>
      <span className="visually-hidden" role="status">
        {isCopied ? "Copied" : ""}
      </span>
      <span className="field-error" role="alert">
        {error}
      </span>
    </>
  );
}
