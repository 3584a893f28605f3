/** Runs a hook as React does, without a browser: the component that calls it shows nothing. */

import { act, createElement } from "react";
import { createRoot } from "react-dom/client";
import { vi } from "vitest";

const nothing = (): void => undefined;

/** Give what a hook returns, which is its newest value whenever it is asked for. */
export async function hooked<Value>(hook: () => Value): Promise<{ readonly current: Value }> {
  const window = { HTMLIFrameElement: class {} };
  const document = { nodeType: 9, defaultView: window, activeElement: null, addEventListener: nothing };
  const container = { nodeType: 1, tagName: "DIV", ownerDocument: document, addEventListener: nothing };
  vi.stubGlobal("window", window);
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  const result = {} as { current: Value };
  const Caller = (): null => {
    result.current = hook();
    return null;
  };
  await act(async () => createRoot(container as unknown as Element).render(createElement(Caller)));
  return result;
}
