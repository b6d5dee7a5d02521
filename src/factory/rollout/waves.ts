import type { RolloutNode, WaveSize } from './schema.ts';

/**
 * Divides nodes into waves, in their order. A percentage is one of all nodes, rounded up. Nodes that no wave takes are the last
 * wave; a wave without a node is left out.
 * @returns the names of the nodes of each wave
 */
export function planWaves(
  nodes: readonly Pick<RolloutNode, 'name' | 'groups'>[],
  sizes: readonly WaveSize[],
): string[][] {
  let left = [...nodes];
  const waves: string[][] = [];
  const take = (chosen: readonly { readonly name: string }[]) => {
    const names = new Set(chosen.map(({ name }) => name));
    left = left.filter(({ name }) => !names.has(name));
    if (names.size > 0) waves.push([...names]);
  };
  for (const size of sizes) {
    if (typeof size === 'object') take(left.filter(({ groups }) => groups.includes(size.group)));
    else take(left.slice(0, countOf(size, nodes.length)));
  }
  take(left);
  return waves;
}

function countOf(size: number | string, all: number): number {
  if (typeof size === 'number') return size;
  return size === 'rest' ? all : Math.ceil((all * Number.parseInt(size, 10)) / 100);
}
