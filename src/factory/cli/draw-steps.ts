import { formatElapsed, type ListedStep, type StepList } from './step-list.ts';
import { plainText } from './terminal-traits.ts';

/** A row of the display. */
export interface Row {
  readonly state: ListedStep['state'] | 'detail' | 'count';
  readonly text: string;
}

/** The terminal that rows are drawn for. */
export interface Canvas {
  readonly rows: number;
  readonly columns: number;
  readonly isUnicode: boolean;
  /** Time in milliseconds. */
  readonly now: number;
}

const MARKS: Readonly<Record<ListedStep['state'], string>> = {
  waiting: '·',
  running: '',
  cached: '✔',
  done: '✔',
  failed: '✖',
};
const SPINNER = { unicode: [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'], plain: [...'|/-\\'] };
/** Milliseconds of a frame of the spinner. */
const FRAME = 120;

/**
 * Draws the steps: all of them if the terminal has the rows, else what runs or has failed, and counts of the others. No row is
 * wider than the terminal.
 */
export function drawSteps(list: StepList, canvas: Canvas): Row[] {
  const steps = [...list.values()];
  const all = steps.flatMap((step) => rowsOf(step, canvas));
  return all.length < canvas.rows ? all : drawSummary(steps, canvas);
}

/** Draws the end of the run: one row for each step, with its duration. */
export function drawEnd(list: StepList, canvas: Canvas): Row[] {
  return [...list.values()].map((step) => titleRow(step, canvas));
}

function drawSummary(steps: readonly ListedStep[], canvas: Canvas): Row[] {
  const of = (...states: ListedStep['state'][]) => steps.filter(({ state }) => states.includes(state));
  const busy = [...of('failed'), ...of('running')].flatMap((step) => rowsOf(step, canvas));
  const counts = [
    `${of('done', 'cached').length} of ${steps.length} steps done`,
    `${of('waiting').length} waiting`,
  ];
  const room = Math.max(1, canvas.rows - counts.length - 1);
  // The newest last: they are what a person looks for.
  return [
    ...busy.slice(-room),
    ...counts.map((text): Row => ({ state: 'count', text: fit(`  ${text}`, canvas) })),
  ];
}

function rowsOf(step: ListedStep, canvas: Canvas): Row[] {
  const detail = step.state === 'running' ? (step.glimpse ?? step.activity) : undefined;
  const title = titleRow(step, canvas);
  return detail === undefined
    ? [title]
    : [title, { state: 'detail', text: fit(`  › ${oneLine(detail)}`, canvas) }];
}

function titleRow(step: ListedStep, canvas: Canvas): Row {
  const mark = step.state === 'running' ? spinner(canvas) : MARKS[step.state];
  const time = timeOf(step, canvas);
  // The time stays in sight when the title is long.
  const room = { ...canvas, columns: canvas.columns - time.length };
  return { state: step.state, text: `${fit(`${mark} ${step.title}`, room)}${time}` };
}

function timeOf({ state, seconds = 0, started = 0 }: ListedStep, { now }: Canvas): string {
  if (state === 'cached') return ' (cached)';
  if (state === 'done' || state === 'failed') return ` (${seconds.toFixed(1)} s)`;
  return state === 'running' ? ` (${formatElapsed((now - started) / 1000)})` : '';
}

function spinner({ now, isUnicode }: Canvas): string {
  const frames = isUnicode ? SPINNER.unicode : SPINNER.plain;
  return frames[Math.floor(now / FRAME) % frames.length] ?? '';
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** Cuts a text so that it does not reach the last column, where some terminals begin a new line. */
function fit(text: string, { columns, isUnicode }: Canvas): string {
  const shown = isUnicode ? text : plainText(text);
  const room = Math.max(1, columns - 1);
  const end = isUnicode ? '…' : '...';
  const characters = [...shown];
  return characters.length <= room
    ? shown
    : `${characters.slice(0, Math.max(0, room - end.length)).join('')}${end}`;
}
