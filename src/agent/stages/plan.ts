import type { StageStep } from '../../common/cloud-config/step-schema.ts';
import type { StageFile, StageSource } from './sources.ts';

/** A step at its place. */
export interface PlannedStep {
  readonly source: string;
  readonly file: string;
  /** `CONFIG.STEP`: the file's own name or path, and the step's name or number. */
  readonly name: string;
  readonly step: StageStep;
}

/** The steps of a moment in the order in which they run. */
export interface Plan {
  readonly steps: readonly PlannedStep[];
  /** References that lead nowhere, and those that had to be ignored. */
  readonly problems: readonly string[];
}

/** The three moments of a stage (docs/contract.md 4.5). */
export function momentsOf(stage: string): [string, string, string] {
  return [`${stage}.before`, stage, `${stage}.after`];
}

/** Orders the steps of one moment, source after source (docs/contract.md 4.6). */
export function planMoment(moment: string, sources: readonly StageSource[]): Plan {
  const plans = sources.map((source) => planSource(moment, source));
  return {
    steps: plans.flatMap(({ steps }) => steps),
    problems: plans.flatMap(({ problems }) => problems),
  };
}

interface Node extends PlannedStep {
  readonly aliases: ReadonlySet<string>;
  /** Indices of steps that come before. */
  readonly after: Set<number>;
}

/** A step comes as early as its `after` lets it, otherwise in the order of the files. */
function planSource(moment: string, source: StageSource): Plan {
  const nodes = source.files.flatMap((file) => nodesOf(moment, source, file));
  const problems: string[] = [];
  for (const [index, node] of nodes.entries()) {
    for (const { name } of node.step.after ?? []) {
      const targets = nodes.flatMap(({ aliases }, other) =>
        aliases.has(name) && other !== index ? [other] : [],
      );
      if (targets.length === 0)
        problems.push(
          `${node.file}: step "${node.name}" comes after "${name}", which is no step of ${moment} in ${source.name}`,
        );
      for (const target of targets) node.after.add(target);
    }
  }
  const order = sortNodes(nodes, problems);
  return { steps: order.map(({ aliases: _, after: __, ...step }) => step), problems };
}

/** A step is known by its name alone, and below the path, the file name with and without its ending, and the config's name. */
function nodesOf(moment: string, source: StageSource, file: StageFile): Node[] {
  const base = file.path.replace(/^.*\//, '');
  const prefixes = [file.path, base, base.replace(/\.ya?ml$/i, ''), ...(file.name ? [file.name] : [])];
  return (file.stages[moment] ?? []).map((step, index) => {
    const own = step.name || String(index);
    return {
      source: source.name,
      file: file.path,
      name: `${file.name ?? base}.${own}`,
      step,
      aliases: new Set([...(step.name ? [own] : []), ...prefixes.map((prefix) => `${prefix}.${own}`)]),
      after: new Set<number>(),
    };
  });
}

/** Takes the first step whose predecessors are done, again and again; where there is none, a cycle is cut. */
function sortNodes(nodes: readonly Node[], problems: string[]): Node[] {
  const left = new Map(nodes.entries());
  const order: Node[] = [];
  while (left.size > 0) {
    const ready = [...left].find(([, { after }]) => [...after].every((index) => !left.has(index)));
    if (ready) {
      left.delete(ready[0]);
      order.push(ready[1]);
      continue;
    }
    const cycle = findCycle(left);
    for (const index of cycle) for (const other of cycle) left.get(index)?.after.delete(other);
    const names = cycle.map((index) => left.get(index)?.name).join(', ');
    problems.push(`steps wait for each other and run in the order of their files: ${names}`);
  }
  return order;
}

/** Indices of a cycle, given that every step that is left waits for another one that is left. */
function findCycle(left: ReadonlyMap<number, Node>): number[] {
  const path: number[] = [];
  let [current = 0] = left.keys();
  while (!path.includes(current)) {
    path.push(current);
    const { after = [] } = left.get(current) ?? {};
    current = [...after].find((index) => left.has(index)) ?? current;
  }
  return path.slice(path.indexOf(current)).sort((a, b) => a - b);
}
