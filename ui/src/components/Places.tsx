import type { ReactNode } from "react";
import { maySee, type Rights } from "../state/rights";
import { VIEW_NAMES, type View } from "../state/views";
import { Icon } from "./icons";

const ICONS = { search: "larger", schedules: "clock", insights: "chart", keys: "key", settings: "sliders" } as const;

const PLACES = ["search", "schedules", "insights", "keys", "settings"] as const;

interface Props {
  readonly view: View;
  readonly rights: Rights;
  readonly onGo: (view: View) => void;
}

/** Lead to the pages besides the chat. */
export function Places({ view, rights, onGo }: Props): ReactNode {
  return (
    <nav className="places" aria-label="Pages">
      {PLACES.filter((place) => maySee(place, rights)).map((place) => (
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
