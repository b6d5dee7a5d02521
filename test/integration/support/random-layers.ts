import type { TestMember } from '../../unit/support/tar-bytes.ts';

/** A file of a tree; names have one character per byte. */
export type Node =
  | { readonly type: 'directory'; readonly mode: number }
  | { readonly type: 'file'; readonly content: string }
  | { readonly type: 'link'; readonly target: string };
export type Files = ReadonlyMap<string, Node>;

/** An image: its layers, and the tree that they lead to. */
export interface RandomImage {
  readonly tree: Files;
  readonly layers: readonly (readonly TestMember[])[];
}

const NAMES = ['a', 'b', 'lib', 'x_\xe9', 'x_\xff'];
const DEPTH = 3;

/** Pseudo-random numbers, so that a failure can be repeated (mulberry32). */
export function randomNumbers(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    below,
    chance: (share: number) => next() < share,
    pick: <T>(items: readonly T[]): T | undefined => items[below(items.length)],
    shuffled: <T>(items: readonly T[]): T[] =>
      items
        .map((item) => ({ item, order: next() }))
        .sort((a, b) => a.order - b.order)
        .map(({ item }) => item),
  };
}
type Random = ReturnType<typeof randomNumbers>;

/** Makes an image of several layers, each the difference between two random trees. */
export function randomImage(seed: number, layers: number): RandomImage {
  const random = randomNumbers(seed);
  let tree: Files = new Map();
  const made: TestMember[][] = [];
  for (let index = 0; index < layers; index += 1) {
    const after = changed(tree, random);
    made.push(difference(tree, after, random));
    tree = after;
  }
  return { tree, layers: made };
}

/** Orders members at random, but hard links after their targets, and directories first if the reader needs it. */
export function inRandomOrder(
  members: readonly TestMember[],
  random: Random,
  order: 'any' | 'directories first',
): TestMember[] {
  const shuffled = random.shuffled(members);
  const rank = (member: TestMember) => {
    if (member.type === 'hard') return 1000;
    // Marks have no type, and may come at any place.
    if (order === 'any' || member.type !== 'directory') return 500;
    return member.name.split('/').length;
  };
  const marks = shuffled.filter(({ name }) => name.includes('.wh.'));
  const others = shuffled.filter(({ name }) => !name.includes('.wh.')).sort((a, b) => rank(a) - rank(b));
  for (const mark of marks) others.splice(random.below(others.length + 1), 0, mark);
  return others;
}

function changed(before: Files, random: Random): Files {
  const tree = new Map(before);
  const remove = (path: string) => {
    for (const inner of [...tree.keys()])
      if (inner === path || inner.startsWith(`${path}/`)) tree.delete(inner);
  };
  const directories = () => [
    '',
    ...[...tree].filter(([, node]) => node.type === 'directory').map(([path]) => path),
  ];
  for (let step = 0; step < 12; step += 1) {
    const parent = random.pick(directories().filter((path) => path.split('/').length < DEPTH)) ?? '';
    const path = [parent, random.pick(NAMES)].filter(Boolean).join('/');
    if (random.chance(0.25)) {
      remove(path);
      continue;
    }
    const old = tree.get(path);
    const kind = random.below(4);
    if (kind === 0 && old?.type === 'directory') continue;
    remove(path);
    if (kind < 2) tree.set(path, { type: 'directory', mode: random.chance(0.5) ? 0o755 : 0o700 });
    else if (kind === 2) tree.set(path, { type: 'file', content: `content ${random.below(1000)}` });
    else tree.set(path, { type: 'link', target: `/${random.pick(directories()) ?? ''}` });
  }
  return tree;
}

/** The members of a layer that turns one tree into the other (image-spec 1.1, "Creation of a Layer"). */
function difference(before: Files, after: Files, random: Random): TestMember[] {
  const members: TestMember[] = [];
  /** Directories whose lower content is hidden by a mark, or by a file of another type. */
  const hidden = new Set<string>();
  const isHidden = (path: string) =>
    path.split('/').some((_, index, parts) => hidden.has(parts.slice(0, index).join('/')));
  const byDepth = [...after].sort(
    ([a], [b]) => a.split('/').length - b.split('/').length || (a < b ? -1 : 1),
  );
  for (const [path, node] of byDepth) {
    const old = isHidden(path) ? undefined : before.get(path);
    if (node.type === 'directory') {
      // A mark where there is nothing to hide, or a link that leads elsewhere, is harmless.
      const isOpaque = random.chance(old?.type === 'link' ? 0.6 : 0.2);
      if (isOpaque) members.push({ name: `${path}/.wh..wh..opq` });
      if (isOpaque || old?.type !== 'directory') hidden.add(path);
    }
    // Every directory has an entry, as the parents of all changes must have.
    if (node.type === 'directory' || JSON.stringify(old) !== JSON.stringify(node))
      members.push(memberOf(path, node));
  }
  const isKept = (path: string) =>
    path === '' || (before.get(path)?.type === 'directory' && after.get(path)?.type === 'directory');
  const removed = [...before.keys()].filter(
    (path) => !after.has(path) && isKept(parentOf(path)) && !isHidden(path),
  );
  return [...members, ...removed.map(whiteout)];
}

function memberOf(path: string, node: Node): TestMember {
  if (node.type === 'directory') return { name: path, type: 'directory', mode: node.mode };
  if (node.type === 'file') return { name: path, content: node.content };
  return { name: path, type: 'link', linkName: node.target, mode: 0o777 };
}

function parentOf(path: string): string {
  return path.split('/').slice(0, -1).join('/');
}

function whiteout(path: string): TestMember {
  return { name: [parentOf(path), `.wh.${path.split('/').at(-1) ?? ''}`].filter(Boolean).join('/') };
}
