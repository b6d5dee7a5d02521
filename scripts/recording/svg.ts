import type { CastEvent } from './cast.ts';
import { TERMINAL } from './session.ts';
import { createTerminal, type Span } from './terminal.ts';

/** Pixels of a character. */
const CELL = { width: 8, height: 18 } as const;
const MARGIN = 12;
const WIDTH = TERMINAL.columns * CELL.width + 2 * MARGIN;
const HEIGHT = TERMINAL.rows * CELL.height + 2 * MARGIN;
/** Seconds for which the end is shown before the recording starts again. */
const REST = 6;

interface Frame {
  readonly time: number;
  readonly rows: readonly (readonly Span[])[];
}

/** Draws a recording as a moving picture that needs no script. Who wants no movement sees its end. */
export function drawCast(events: readonly CastEvent[], label: string): string {
  const frames = framesOf(events);
  const ids = new Map<string, string>();
  const used = frames.map(({ rows }, index) => {
    const lines = rows.flatMap((spans, row) => {
      if (spans.length === 0) return [];
      const text = spans.map(drawSpan(spans)).join('');
      const id = ids.get(text) ?? `l${ids.size}`;
      ids.set(text, id);
      return [`<use href="#${id}" y="${row * CELL.height}"/>`];
    });
    return `<g transform="translate(0 ${index * HEIGHT})">${lines.join('')}</g>\n`;
  });
  const total = (frames.at(-1)?.time ?? 0) + REST;
  const steps = frames.map(
    ({ time }, index) => `${((time / total) * 100).toFixed(2)}%{transform:translateY(${-index * HEIGHT}px)}`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${label}">
<style>
text { font: 13px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #e6edf3; white-space: pre; }
.red { fill: #ff7b72; } .green { fill: #56d364; } .yellow { fill: #e3b341; } .cyan { fill: #76e3ea; } .gray { fill: #9ea7b3; }
#film { animation: film ${total.toFixed(1)}s step-end infinite; }
@keyframes film { ${steps.join(' ')} }
@media (prefers-reduced-motion: reduce) { #film { animation: none; transform: translateY(${-(frames.length - 1) * HEIGHT}px); } }
</style>
<defs>
${[...ids].map(([text, id]) => `<text id="${id}">${text}</text>\n`).join('')}</defs>
<rect width="${WIDTH}" height="${HEIGHT}" rx="8" fill="#0d1117"/>
<g transform="translate(${MARGIN} ${MARGIN + 13})"><g id="film">
${used.join('')}</g></g>
</svg>
`;
}

/** A span at its column: fonts differ in width, and the letters of each are spread over the same room. */
function drawSpan(spans: readonly Span[]) {
  return ({ text, color }: Span, index: number): string => {
    const before = spans.slice(0, index).reduce((sum, span) => sum + [...span.text].length, 0);
    const room = `x="${before * CELL.width}" textLength="${[...text].length * CELL.width}"`;
    return `<tspan ${room}${color === undefined ? '' : ` class="${color}"`}>${escaped(text)}</tspan>`;
  };
}

/** What the terminal shows after each moment at which something was written. */
function framesOf(events: readonly CastEvent[]): Frame[] {
  const terminal = createTerminal(TERMINAL);
  const frames: Frame[] = [{ time: 0, rows: [] }];
  for (const { time, type, text } of events) {
    if (type !== 'o') continue;
    terminal.write(text);
    const frame = { time, rows: terminal.rows() };
    if (time - (frames.at(-1)?.time ?? 0) < 0.1)
      frames.splice(-1, 1, { ...frame, time: frames.at(-1)?.time ?? 0 });
    else frames.push(frame);
  }
  return frames;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
