/** The pages that the main area shows. */

export const VIEWS = ["chat", "search", "schedules", "insights", "keys", "settings"] as const;
export type View = (typeof VIEWS)[number];

export const VIEW_NAMES: Readonly<Record<View, string>> = {
  chat: "Chat",
  search: "Test the search",
  schedules: "Schedules",
  insights: "Insights",
  keys: "Keys",
  settings: "Settings",
};

/** Read a view's name; what is none leads to the chat. */
export function viewOf(name: string | null): View {
  return VIEWS.find((view) => view === name) ?? "chat";
}
