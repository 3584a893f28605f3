import { afterEach, expect, it, vi } from "vitest";
import { copyText } from "../src/clipboard";

afterEach(() => vi.unstubAllGlobals());

it("fails when the browser does not let a text be copied", async () => {
  const area = { select: vi.fn(), remove: vi.fn() };
  const execCommand = vi.fn(() => false);
  vi.stubGlobal("navigator", {});
  vi.stubGlobal("document", { createElement: () => area, body: { append: vi.fn() }, execCommand });
  await expect(copyText("oak")).rejects.toThrow("did not allow");
  expect(area.remove).toHaveBeenCalledOnce();
  execCommand.mockReturnValue(true);
  await expect(copyText("oak")).resolves.toBeUndefined();
});
