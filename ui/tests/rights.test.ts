import { expect, it } from "vitest";
import { maySee, rightsOf } from "../src/state/rights";
import { VIEWS } from "../src/state/views";

const me = (...scopes: string[]) => ({ sign_in: null, caller: { subject: "key:1", tenant: "t", collections: null, name: null, scopes } });

it("reads rights off the scopes", () => {
  expect(rightsOf(me("read"))).toEqual({ ask: false, write: false, admin: false });
  expect(rightsOf(me("ask", "write"))).toEqual({ ask: true, write: true, admin: false });
  expect(rightsOf(me("admin"))).toEqual({ ask: true, write: true, admin: true });
});

it("leaves it to the server where they are not known", () => {
  expect(rightsOf(null).admin).toBe(true);
  expect(rightsOf({ caller: null, sign_in: null }).write).toBe(true);
});

it("keeps what only administrators see from the others", () => {
  expect(VIEWS.filter((view) => !maySee(view, rightsOf(me("ask"))))).toEqual(["keys", "settings"]);
  expect(VIEWS.every((view) => maySee(view, rightsOf(me("admin"))))).toBe(true);
});
