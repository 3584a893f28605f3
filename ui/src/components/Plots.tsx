/** Small plots, drawn as SVG; each has its figures in words for those who do not see it. */

import type { ReactNode } from "react";

const WIDTH = 600;
const BAR = 26;
const HEIGHT = 140;
const ROOM = 1.5; // above the largest value and below the least, as a ratio
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

/** Draw positive values in their order as dots on a logarithmic scale, and some values as lines across, named beside them. */
export function Dots({ values, lines, label }: DotsProps): ReactNode {
  const [low, high] = [Math.log(Math.min(...values) / ROOM), Math.log(Math.max(...values) * ROOM)];
  const heightOf = (value: number): string => percent((Math.log(value) - low) / (high - low));
  return (
    <div className="dots" role="img" aria-label={label}>
      <div className="dots-area">
        {lines.map(({ value, label: name }) => (
          <span key={name} className="dots-line" style={{ bottom: heightOf(value) }} />
        ))}
        {values.map((value, at) => (
          <span key={at} className="dot" style={{ left: percent((at + 0.5) / values.length), bottom: heightOf(value) }} />
        ))}
      </div>
      <div className="dots-names">
        {lines.map(({ value, label: name }) => (
          <span key={name} style={{ bottom: heightOf(value) }}>
            {name}
          </span>
        ))}
      </div>
    </div>
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}

interface ColumnsProps {
  readonly columns: readonly { readonly name: string; readonly up: number; readonly down: number }[];
  readonly label: string;
}

/** Draw two values a name, one upwards and one downwards. */
export function Columns({ columns, label }: ColumnsProps): ReactNode {
  const most = Math.max(FEW, ...columns.flatMap(({ up, down }) => [up, down]));
  const step = Math.min(40, WIDTH / Math.max(1, columns.length));
  const gap = Math.min(6, step / 3);
  const middle = HEIGHT / 2;
  const scale = (middle - 4) / most;
  return (
    <svg className="plot" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      {columns.map(({ name, up, down }, at) => (
        <g key={name}>
          <rect className="plot-bar" x={at * step + gap / 2} y={middle - up * scale} width={step - gap} height={up * scale} />
          <rect className="plot-bad" x={at * step + gap / 2} y={middle} width={step - gap} height={down * scale} />
        </g>
      ))}
      <line className="plot-line" x1={0} x2={WIDTH} y1={middle} y2={middle} />
    </svg>
  );
}
