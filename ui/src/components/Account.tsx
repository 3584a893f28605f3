import type { ReactNode } from "react";
import { Icon } from "./icons";

interface Props {
  readonly name: string;
  readonly onSignOut: () => void;
}

/** Say who is signed in, and let them out. */
export function Account({ name, onSignOut }: Props): ReactNode {
  return (
    <div className="account">
      <p>
        <span className="visually-hidden">Signed in as </span>
        {name}
      </p>
      <button type="button" className="quiet" onClick={onSignOut}>
        <Icon name="leave" /> Sign out
      </button>
    </div>
  );
}
