import type { ImportGraph } from './import-graph.ts';

/** The rooms of the shared and the factory wing: a room imports only itself and rooms before it. */
export const ROOM_ORDER: readonly string[] = [
  'common/errors',
  'common/host',
  'common/files',
  'common/text',
  'common/http',
  'common/contract',
  'common/oci',
  'common/trust',
  'common/cloud-config',
  'factory/tools',
  'factory/packages',
  'factory/catalog',
  'factory/config',
  'factory/signing',
  'factory/engine',
  'factory/inputs',
  'factory/image',
  'factory/artifacts',
  'factory/inspect',
  'factory/pipeline',
  'factory/deliver',
  'factory/boot',
  'factory/cli',
];

/** The wings that a file of a wing may import. The agent has no rooms with an order. */
const WINGS: Readonly<Record<string, readonly string[]>> = {
  common: ['common'],
  factory: ['common', 'factory'],
  agent: ['common', 'agent'],
};

const wingOf = (file: string) => file.split('/')[0] ?? '';
const roomOf = (file: string) => file.split('/').slice(0, 2).join('/');

/**
 * The imports that break the rules on wings and rooms, one sentence each.
 * @param graph files as paths below `src`
 * @param order rooms, such as `common/errors`; each may import those before it
 */
export function importViolations(graph: ImportGraph, order: readonly string[]): string[] {
  const found: string[] = [];
  const rank = new Map(order.map((room, index) => [room, index]));
  for (const [file, targets] of graph) {
    const wing = wingOf(file);
    const allowed = WINGS[wing];
    if (!allowed) {
      found.push(`${file} is in no known wing`);
      continue;
    }
    const own = rank.get(roomOf(file));
    if (wing !== 'agent' && own === undefined)
      found.push(`${file} is in a room that the order does not name`);
    for (const target of targets) {
      if (!allowed.includes(wingOf(target)))
        found.push(`${file} imports ${target}: ${wing} may not import that wing`);
      else if ((rank.get(roomOf(target)) ?? -1) > (own ?? order.length))
        found.push(`${file} imports ${target}: ${roomOf(target)} comes after ${roomOf(file)}`);
    }
  }
  return found;
}

/** The groups of files that import each other in a circle, each in alphabetical order (Tarjan's algorithm). */
export function importCircles(graph: ImportGraph): string[][] {
  const index = new Map<string, number>();
  const path: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): number => {
    const own = index.size;
    index.set(file, own);
    path.push(file);
    let low = own;
    for (const target of graph.get(file) ?? []) {
      if (!index.has(target)) low = Math.min(low, visit(target));
      else if (path.includes(target)) low = Math.min(low, index.get(target) ?? low);
    }
    if (low === own) {
      const group = path.splice(path.indexOf(file));
      if (group.length > 1 || graph.get(file)?.includes(file)) circles.push(group.sort());
    }
    return low;
  };
  for (const file of graph.keys()) if (!index.has(file)) visit(file);
  return circles;
}
