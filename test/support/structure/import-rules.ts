import type { ImportGraph } from './import-graph.ts';

/**
 * Reads the order of the rooms: the first word of each line in the block of ARCHITECTURE.md that is marked `text rooms`.
 * @throws Error when there is no such block
 */
export function parseRoomOrder(markdown: string): string[] {
  const block = /^```text rooms\n([\s\S]*?)^```$/m.exec(markdown)?.[1];
  if (block === undefined) throw new Error('ARCHITECTURE.md has no block marked "text rooms"');
  return block.split('\n').flatMap((line) => /^\S+/.exec(line) ?? []);
}

/** The wings that each wing may import. The agent's rooms have no order. */
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

/** Finds import cycles with Tarjan's algorithm. @returns the files of each cycle, in alphabetical order */
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
