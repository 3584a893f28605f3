/** What the caller may do, so that the page offers nothing else. */

import type { Me } from "../client/types";
import type { View } from "./views";

export interface Rights {
  readonly ask: boolean;
  readonly write: boolean;
  readonly admin: boolean;
}

const ALL: Rights = { ask: true, write: true, admin: true };

/** Read the rights off the server's answer; all of them where it is not known, and the server decides. */
export function rightsOf(me: Me | null): Rights {
  if (me?.caller == null) return ALL;
  const has = (scope: string): boolean => [scope, "admin"].some((each) => me.caller?.scopes.includes(each));
  return { ask: has("ask"), write: has("write"), admin: has("admin") };
}

/** Say whether a page shows anything to who has these rights. */
export function maySee(view: View, rights: Rights): boolean {
  return rights.admin || (view !== "keys" && view !== "settings");
}
