/** Where the keyboard goes on when the element that had the focus goes. */

/** Focus `place` once `work` has taken away what was pressed, unless the person has moved on meanwhile; nothing scrolls. */
export async function focusAfter(work: Promise<void>, place: HTMLElement | null): Promise<void> {
  const pressed = document.activeElement;
  await work;
  const now = document.activeElement;
  if (now === pressed || now === null || now === document.body) place?.focus({ preventScroll: true });
}
