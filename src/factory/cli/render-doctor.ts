import { basename } from 'node:path';
import { AREAS, type Check } from '../machine/check.ts';
import type { HostSystem } from '../tools/host-packages.ts';
import { table } from './table.ts';

const TITLES: Readonly<Record<Check['area'], string>> = {
  tools: 'Host tools',
  accounts: 'Ids of images',
  engine: 'Engine',
  room: 'Room',
  virtualisation: 'Virtual machines',
  registries: 'Registries',
};
const MARKS: Readonly<Record<Check['state'], string>> = {
  ok: 'ok',
  fault: 'MISSING',
  warning: 'warning',
  unused: '-',
};

/** Renders the checks of a machine, by area; what is wrong follows with its remedy. */
export function renderDoctor(checks: readonly Check[], system: HostSystem): string {
  const blocks = AREAS.flatMap((area) => {
    const own = checks.filter((check) => check.area === area);
    return own.length === 0
      ? []
      : [`${TITLES[area]}\n${indented(table(own.map(row), { columns: room(), isHeaded: false }))}`];
  });
  const wrong = checks.filter(({ state }) => state === 'fault' || state === 'warning');
  const remedies = [...new Set(wrong.map(renderProblem))];
  return [`${system.name}\n`, ...blocks, ...(remedies.length > 0 ? [remedies.join('')] : [])].join('\n');
}

function row({ area, state, name, found = '', package: named, ...check }: Check): string[] {
  const { purpose = '', neededBy = [], problem = '' } = check;
  const there = state === 'ok' || named === undefined ? found : `package ${named}`;
  const unused = neededBy.length > 0 ? `only for ${neededBy.join(', ')}` : problem;
  const shown = area === 'tools' ? basename(name) : name;
  return [MARKS[state], shown, there, state === 'unused' ? unused : purpose];
}

function renderProblem({ name, problem = '', remedy, state }: Check): string {
  const what = problem.includes(name) ? problem : `${name}: ${problem}`;
  const label = state === 'fault' ? 'missing' : 'warning';
  return `${label}: ${what}\n${remedy === undefined ? '' : `  to do: ${remedy}\n`}`;
}

/** The columns of the terminal that are left beside the indentation; no limit in a pipe. */
function room(): number | undefined {
  const { columns } = process.stdout;
  return columns ? columns - 2 : undefined;
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
