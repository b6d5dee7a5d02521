import type { StageStep } from '../../common/cloud-config/step-schema.ts';
import type { StageFile, StageSource } from './sources.ts';

/** A step of a plan. */
export interface PlannedStep {
  readonly source: string;
  readonly file: string;
  /** `CONFIG.STEP`: name or file name of the configuration, and name or number of the step. */
  readonly name: string;
  readonly step: StageStep;
}

/** The steps of a moment in execution order. */
export interface Plan {
  readonly steps: readonly PlannedStep[];
  /** Unresolved references, and references that were ignored to break a cycle. */
  readonly problems: readonly string[];
}

/** The moments of a stage: `.before`, the stage itself, and `.after` (docs/contract.md 4.5). */
export function momentsOf(stage: string): [string, string, string] {
  return [`${stage}.before`, stage, `${stage}.after`];
}

/** Orders the steps of one moment within each source; sources follow one another (docs/contract.md 4.6). */
export function planMoment(moment: string, sources: readonly StageSource[]): Plan {
  const plans = sources.map((source) => planSource(moment, source));
  return {
    steps: plans.flatMap(({ steps }) => steps),
    problems: plans.flatMap(({ problems }) => problems),
  };
}

interface Node extends PlannedStep {
  readonly aliases: ReadonlySet<string>;
  /** Indices of steps that run before this one. */
  readonly after: Set<number>;
}

/** A step runs as early as its `after` allows; otherwise the order of the files applies. */
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
          `${node.file}: step "${node.name}" comes after "${name}", which is not a step of ${moment} in ${source.name}`,
        );
      for (const target of targets) node.after.add(target);
    }
  }
  const order = sortNodes(nodes, problems);
  return { steps: order.map(({ aliases: _, after: __, ...step }) => step), problems };
}

/** A step can be referenced by its name alone, or prefixed by path, file name with or without extension, or config name. */
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

/** Topological sort that keeps the original order where possible, and breaks cycles. */
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
    problems.push(`steps wait for each other, so they run in file order: ${names}`);
  }
  return order;
}

/** Indices of a cycle, provided that every remaining step waits for another remaining one. */
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
