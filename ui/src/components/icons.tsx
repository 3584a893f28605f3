/** Grove's mark and the icons; all decorative: the control that holds one carries the name. */

import type { ReactNode } from "react";

/** Draw three trees, the middle one in front. */
export function Mark(): ReactNode {
  return (
    <svg className="mark" viewBox="0 0 40 40" aria-hidden="true">
      <path className="mark-back" d="M10 12c4.2 4 6 7.4 6 10.6a6 6 0 0 1-5 5.9V34H9v-5.5a6 6 0 0 1-5-5.9C4 19.4 5.8 16 10 12z" />
      <path className="mark-back" d="M30 12c4.2 4 6 7.4 6 10.6a6 6 0 0 1-5 5.9V34h-2v-5.5a6 6 0 0 1-5-5.9C24 19.4 25.8 16 30 12z" />
      <path className="mark-front" d="M20 3c5.8 6 8.5 11.2 8.5 15.8a8.5 8.5 0 0 1-7.3 8.7V37h-2.4v-9.5a8.5 8.5 0 0 1-7.3-8.7C11.5 14.2 14.2 9 20 3z" />
      <path className="mark-vein" d="M20 13v12M20 19.5l3.6-3.2M20 23l-3.6-3.2" />
    </svg>
  );
}

const PATHS = {
  add: "M10 4v12M4 10h12",
  alert: "M10 3.2 17.6 16.5H2.4zM10 8.2v3.8M10 14.2v.1",
  check: "m4.5 10.5 3.7 3.7 7.3-8",
  chart: "M3.5 16.5v-5M8 16.5V7M12.5 16.5V10M17 16.5V4",
  clock: "M10 2.8a7.2 7.2 0 1 0 0 14.4 7.2 7.2 0 0 0 0-14.4M10 6v4.2l2.8 1.8",
  close: "m5 5 10 10M15 5 5 15",
  copy: "M7.5 7.5h8.5v8.5H7.5zM4 12.5V4h8.5",
  down: "M6.5 4v7M6.5 11l3.6 5.5c1.3 0 2-.9 1.7-2.2L11.2 12h4c1 0 1.7-.9 1.4-1.9l-1.3-5c-.2-.7-.8-1.1-1.5-1.1H6.5M6.5 4H3.5v7h3",
  document: "M5 2.8h6.5L15 6.3v10.9H5zM11.2 3v3.6H15",
  key: "M12.5 3a4.5 4.5 0 1 1-4.2 6L3.5 13.8V17h3v-2h2v-2h1.2l1-1M13.5 6.6v.1",
  larger: "M8.5 3.5a5 5 0 1 0 0 10 5 5 0 0 0 0-10M12.2 12.2l4.3 4.3M8.5 6.3v4.4M6.3 8.5h4.4",
  sliders: "M3 6h8.5M15 6h2M3 14h2M8.5 14H17M13.2 4.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6M6.8 12.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6",
  smaller: "M8.5 3.5a5 5 0 1 0 0 10 5 5 0 0 0 0-10M12.2 12.2l4.3 4.3M6.3 8.5h4.4",
  leave: "M8.5 3.5h-5v13h5M7.5 10h9M13 6.5l3.5 3.5-3.5 3.5",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  next: "m8 4.5 5.5 5.5L8 15.5",
  pause: "M7 4.5v11M13 4.5v11",
  pencil: "m4 16 .8-3.6L13.2 4l2.8 2.8-8.4 8.4zM11.5 5.7l2.8 2.8",
  play: "M6.5 4 15.5 10 6.5 16z",
  previous: "M12 4.5 6.5 10l5.5 5.5",
  remove: "M4 6h12M8 6V4h4v2M5.5 6l.8 10.5h7.4L14.5 6M8.5 9v4.5M11.5 9v4.5",
  retry: "M16 10a6 6 0 1 1-1.8-4.3M16 3v3.5h-3.5",
  send: "M10 16V4.5M5 9.3l5-5 5 5",
  share: "M10 12V3.5M6.8 6.5 10 3.3l3.2 3.2M5.5 9H4v8h12V9h-1.5",
  up: "M6.5 16V9M6.5 9l3.6-5.5c1.3 0 2 .9 1.7 2.2L11.2 8h4c1 0 1.7.9 1.4 1.9l-1.3 5c-.2.7-.8 1.1-1.5 1.1H6.5M6.5 16H3.5V9h3",
  upload: "M10 13V4M6 7.5 10 3.5l4 4M3.5 13v3.5h13V13",
} as const;

/** Draw an icon in the colour of the text. */
export function Icon({ name }: { readonly name: keyof typeof PATHS }): ReactNode {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
