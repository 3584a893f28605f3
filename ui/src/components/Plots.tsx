/** Small plots, drawn as SVG; each has its figures in words for those who do not see it. */

import type { ReactNode } from "react";

const WIDTH = 600;
const BAR = 26;
const HEIGHT = 140;
const FEW = 5; // so many fill the height: one judgement must not look like many

export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly label: string;
}

/** Draw a horizontal bar for each value. */
export function Bars({ bars, label }: { readonly bars: readonly Bar[]; readonly label: string }): ReactNode {
  const most = Math.max(1, ...bars.map((bar) => bar.value));
  return (
    <ul className="bars" aria-label={label}>
      {bars.map((bar) => (
        <li key={bar.name}>
          <span className="bar-name">{bar.name}</span>
          <svg viewBox={`0 0 ${WIDTH} ${BAR}`} preserveAspectRatio="none" aria-hidden="true">
            <rect className="plot-bar" width={bar.value === 0 ? 0 : Math.max(3, (bar.value / most) * WIDTH)} height={BAR} />
          </svg>
          <span className="row-state">{bar.label}</span>
        </li>
      ))}
    </ul>
  );
}

interface DotsProps {
  readonly values: readonly number[];
  readonly lines: readonly { readonly value: number; readonly label: string }[];
  readonly label: string;
}

/** Draw values in their order as dots above zero, and some values as lines across. */
export function Dots({ values, lines, label }: DotsProps): ReactNode {
  const top = Math.max(1, ...values) * 1.25;
  const heightOf = (value: number): number => HEIGHT - (value / top) * (HEIGHT - 2);
  const step = WIDTH / Math.max(1, values.length);
  return (
    <svg className="plot" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <line className="plot-line" x1={0} x2={WIDTH} y1={HEIGHT - 1} y2={HEIGHT - 1} />
      {lines.map(({ value, label: name }, at) => (
        <g key={name}>
          <line className="plot-line" x1={0} x2={WIDTH} y1={heightOf(value)} y2={heightOf(value)} />
          <text className="plot-text" x={at === 0 ? 4 : WIDTH - 4} y={heightOf(value) - 4} textAnchor={at === 0 ? "start" : "end"}>
            {name}
          </text>
        </g>
      ))}
      {values.map((value, at) => (
        <circle key={at} className="plot-dot" cx={(at + 0.5) * step} cy={heightOf(value)} r={3} />
      ))}
    </svg>
  );
}

interface ColumnsProps {
  readonly columns: readonly { readonly name: string; readonly up: number; readonly down: number }[];
  readonly label: string;
}

/** Draw two values a name, one upwards and one downwards. */
export function Columns({ columns, label }: ColumnsProps): ReactNode {
  const most = Math.max(FEW, ...columns.flatMap(({ up, down }) => [up, down]));
  const step = Math.min(40, WIDTH / Math.max(1, columns.length));
  const middle = HEIGHT / 2;
  const scale = (middle - 4) / most;
  return (
    <svg className="plot" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      {columns.map(({ name, up, down }, at) => (
        <g key={name}>
          <rect className="plot-bar" x={at * step + 3} y={middle - up * scale} width={step - 6} height={up * scale} />
          <rect className="plot-bad" x={at * step + 3} y={middle} width={step - 6} height={down * scale} />
        </g>
      ))}
      <line className="plot-line" x1={0} x2={WIDTH} y1={middle} y2={middle} />
    </svg>
  );
}
