import type { ReactNode } from "react";
import { VIEW_NAMES, type View } from "../state/views";
import { Icon } from "./icons";

const ICONS = { search: "larger", schedules: "clock", insights: "chart", keys: "key", settings: "sliders" } as const;

interface Props {
  readonly view: View;
  readonly onGo: (view: View) => void;
}

/** Lead to the pages besides the chat. */
export function Places({ view, onGo }: Props): ReactNode {
  return (
    <nav className="places" aria-label="Pages">
      {(["search", "schedules", "insights", "keys", "settings"] as const).map((place) => (
        <button
          key={place}
          type="button"
          className="quiet"
          aria-current={view === place ? "page" : undefined}
          onClick={() => onGo(view === place ? "chat" : place)}
        >
          <Icon name={ICONS[place]} /> {VIEW_NAMES[place]}
        </button>
      ))}
    </nav>
  );
}
