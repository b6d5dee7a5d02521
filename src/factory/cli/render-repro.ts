import type { Blame } from '../inspect/diff/blame.ts';
import type { ReproReport } from '../pipeline/verify-repro.ts';
import { renderDifference } from './render-diff.ts';

/** Renders whether a build is reproducible, and which differences there are. */
export function renderRepro({ isReproducible, varied, targets }: ReproReport): string {
  const how = `The second build had different ${varied.slice(0, -1).join(', ')} and ${varied.at(-1)}.`;
  if (isReproducible) {
    const places = targets.map(({ output }) => output).join(', ');
    return `Reproducible: the second build gave the same bytes as ${places}.\n${how}\n`;
  }
  const parts = targets.flatMap(({ output, difference, blame }) => {
    if (difference.isSame) return [];
    return [
      `Not reproducible: ${output}`,
      ...blame.map(blameLine),
      ...(difference.packages.length > 0
        ? ['  The package archive changed between the builds. To pin its state, use --snapshot or --locked.']
        : []),
      renderDifference(difference).trimEnd(),
    ];
  });
  return `${[...parts, how].join('\n')}\n`;
}

function blameLine({ file, offset, step, inside }: Blame): string {
  const at = offset === undefined ? '' : ` from byte ${offset}`;
  const byte = inside?.offset === undefined ? '' : `, byte ${inside.offset}`;
  const where = inside === undefined ? '' : ` (in its ${inside.tree}: ${inside.path}${byte})`;
  return `  ${file} differs${at}, caused by the step ${step}${where}`;
}
