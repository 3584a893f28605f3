import { act, Children, type ComponentProps, isValidElement, type ReactNode } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { access } from "../src/client/access";
import type { Client } from "../src/client/client";
import { Keys } from "../src/components/Keys";
import { KeysPage } from "../src/KeysPage";
import { hooked } from "./hooks";

const WANTED = { name: "ada", scopes: ["admin" as const], expires_at: null };
const MADE = { secret: "grove_1", key: { name: "ada" } };

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal("sessionStorage", {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => kept.set(name, value),
  });
});

afterEach(() => vi.unstubAllGlobals());

async function keysOf(subject: string, listed: object[] = []): Promise<ComponentProps<typeof Keys>> {
  const client = { keys: async () => listed, me: async () => ({ caller: { subject } }), createKey: async () => MADE };
  const page = await hooked(() => KeysPage({ client: client as unknown as Client }));
  const parts = Children.toArray((page.current as { props: { children: ReactNode } }).props.children);
  const keys = parts.find((part) => isValidElement<ComponentProps<typeof Keys>>(part) && part.type === Keys);
  return (keys as { props: ComponentProps<typeof Keys> }).props;
}

describe("the first key of an open server", () => {
  it("is an administrator's", async () => {
    const shown = renderToStaticMarkup(<Keys {...await keysOf("local")} />);
    expect(shown).toMatch(/<input[^>]*disabled=""[^>]*checked=""\/> admin/);
    expect(shown).toContain("so it is an administrator");
  });

  it("is what the tab shows from then on, before anything else is asked", async () => {
    const props = await keysOf("local");
    await act(() => props.onCreate(WANTED));
    expect(access.headers()).toEqual({ Authorization: "Bearer grove_1" });
  });
});

describe("a key made by somebody who is known", () => {
  it("may be anybody's, and is not the tab's", async () => {
    const props = await keysOf("user:ada");
    expect(renderToStaticMarkup(<Keys {...props} />)).not.toContain("disabled");
    await act(() => props.onCreate(WANTED));
    expect(access.hasKey()).toBe(false);
  });
});

it("the key of the tab is told from others", async () => {
  const key = { key_id: "1", name: "ada", prefix: "grove_1", scopes: ["admin"], state: "valid", created_at: "2026-01-01T00:00:00Z", expires_at: null };
  access.keep("grove_1_secret");
  const props = await keysOf("user:ada", [key, { ...key, key_id: "2", name: "ben", prefix: "grove_2" }]);
  expect(renderToStaticMarkup(<Keys {...props} />)).toMatch(/ada<.*of this tab.*ben<(?!.*of this tab)/s);
});

it("a key is kept without the invisible characters that copying adds", () => {
  access.keep("\u200bgrove_1 \ufeff");
  expect(new Headers(access.headers()).get("Authorization")).toBe("Bearer grove_1");
});
