import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { focusAfter } from "../src/focus";

const body = "body";
const pressed = "pressed";
const page = { body, activeElement: pressed as string | null };
const place = { focus: vi.fn() };

beforeEach(() => {
  place.focus.mockClear();
  vi.stubGlobal("document", Object.assign(page, { activeElement: pressed }));
});
afterEach(() => vi.unstubAllGlobals());

function removed(focused: string | null): Promise<void> {
  return focusAfter(Promise.resolve().then(() => void (page.activeElement = focused)), place as unknown as HTMLElement);
}

it.each([pressed, body, null])("goes on at the heading when %s has it after a removal, and scrolls nothing", async (focused) => {
  await removed(focused);
  expect(place.focus).toHaveBeenCalledExactlyOnceWith({ preventScroll: true });
});

it("stays where the person has moved it meanwhile", async () => {
  await removed("elsewhere");
  expect(place.focus).not.toHaveBeenCalled();
});
