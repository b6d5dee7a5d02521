import { formatDuration } from '../../common/text/duration-text.ts';
import { formatSize } from '../../common/text/size-text.ts';
import type { Filesystem } from '../machine/room.ts';
import type { PlannedStep } from '../pipeline/events.ts';
import type { StepPrediction } from '../pipeline/predict.ts';
import type { PredictedPlan } from '../pipeline/predict-groups.ts';
import { table } from './table.ts';

const STATES = { cached: 'cached', run: 'run', depends: 'run if changed', shared: 'shared' } as const;

/**
 * Renders a plan as a table, with the time and the room that it is expected to take. A terminal too narrow for all columns shows what
 * steps do, rather than what they need.
 * @param columns those of the terminal; default: of standard output
 */
export function renderPlan(
  { steps, seconds, unknown }: PredictedPlan,
  room: readonly Filesystem[],
  columns?: number,
): string {
  const rows = steps.map(({ id, title, needs, state, prediction }) => [
    id,
    STATES[state],
    timeOf(prediction),
    bytesOf(prediction),
    title,
    needs.join(', '),
  ]);
  return [
    table([['STEP', 'STATE', 'TIME', 'WRITES', 'WHAT', 'NEEDS'], ...rows], { columns, isLastOptional: true }),
    ...summary(steps, { seconds, unknown }),
    table(room.flatMap(roomRows), { columns, isHeaded: false }),
  ].join('');
}

function summary(
  steps: readonly PlannedStep[],
  { seconds, unknown }: Pick<PredictedPlan, 'seconds' | 'unknown'>,
): string[] {
  const running = steps.filter(({ prediction }) => prediction !== undefined).length;
  if (running === 0) return ['Everything is up to date.\n'];
  const known = running - unknown.length;
  const time = known === 0 ? 'no earlier build here shows how long' : `about ${formatDuration(seconds)}`;
  const without = known > 0 && unknown.length > 0 ? `, without ${unknown.length} that never ran here` : '';
  return [`Up to ${running} of ${steps.length} steps will run: ${time}${without}.\n`];
}

function roomRows({ free, needs }: Filesystem): string[][] {
  return needs.flatMap(({ path, purpose, likely }) =>
    likely === 0
      ? []
      : [['Room:', `about ${formatSize(likely)} in ${path} (${purpose}); ${formatSize(free)} free.`]],
  );
}

function timeOf(prediction: StepPrediction | undefined): string {
  if (prediction === undefined) return '';
  if (prediction.seconds === undefined) return '?';
  return `${prediction.from === 'same' ? '' : '~'}${formatDuration(prediction.seconds)}`;
}

function bytesOf(prediction: StepPrediction | undefined): string {
  if (prediction === undefined) return '';
  const { cache, store, output } = prediction.bytes;
  const bytes = cache + store + output;
  if (bytes === 0) return '';
  return `${prediction.from === 'same' ? '' : '~'}${formatSize(bytes)}`;
}

/** Renders a plan as a flow chart for Mermaid (mermaid.js.org, "Flowcharts"). */
export function renderMermaid(steps: readonly PlannedStep[]): string {
  const names = new Map(steps.map(({ id }, index) => [id, `s${index}`]));
  const nodes = steps.map(({ id, title, state, prediction }) => {
    const label = [id, title, timeOf(prediction)].filter(Boolean).map(quoted).join('<br/>');
    return `  ${names.get(id)}["${label}"]:::${state}\n`;
  });
  const edges = steps.flatMap(({ id, needs }) =>
    needs.map((need) => `  ${names.get(need)} --> ${names.get(id)}\n`),
  );
  return ['flowchart LR\n', ...nodes, ...edges, ...CLASSES].join('');
}

const CLASSES = [
  '  classDef cached fill:#e6f4ea,stroke:#188038,color:#000\n',
  '  classDef run fill:#fef7e0,stroke:#b06000,color:#000\n',
  '  classDef depends fill:#fff,stroke:#b06000,color:#000,stroke-dasharray:4\n',
  '  classDef shared fill:#e8f0fe,stroke:#1967d2,color:#000\n',
];

/** Quotation marks and markup would end the label. */
function quoted(text: string): string {
  return text.replace(/[&"<>#]/g, (char) => `#${char.charCodeAt(0)};`);
}
