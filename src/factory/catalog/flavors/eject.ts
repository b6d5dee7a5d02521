import { readFile } from 'node:fs/promises';
import { type Document, isMap, isNode, isScalar, type Pair, parseDocument, YAMLMap } from 'yaml';
import { flavorChain } from './load.ts';
import { Flavor } from './schema.ts';

/**
 * Merges a flavor with everything that it inherits into one YAML text, including comments, for the user to edit.
 * @param tool name and version of this program, for the comment at the top
 * @throws FactoryError `usage` as `openFlavor` does
 */
export async function ejectFlavor(directory: string, reference: string, tool: string): Promise<string> {
  const chain = await flavorChain(directory, reference);
  const documents = await Promise.all(
    chain.map(async ({ name }) => parseDocument(await readFile(name, 'utf8'))),
  );
  const [nearest, ...farther] = documents;
  if (nearest === undefined) throw new Error('the flavor has no file');
  const merged = farther.reduce((over, under) => mergeMaps(rootOf(under), over), rootOf(nearest));
  merged.delete('extends');
  const keys = Object.keys(Flavor.shape);
  merged.items.sort((one, other) => keys.indexOf(keyOf(one)) - keys.indexOf(keyOf(other)));
  nearest.contents = merged as Document.Parsed['contents'];
  nearest.commentBefore = ` Copied from ${chain.length > 1 ? 'the flavor and what it extends' : 'the flavor'} by ${tool}; yours to edit.\n Build with it: kairos-factory build --flavor ./THIS-FILE.yaml. Every key: docs/flavors.md.`;
  return nearest.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** Merges two maps; `over` takes precedence, and comments stay with their keys. */
function mergeMaps(under: YAMLMap, over: YAMLMap): YAMLMap {
  const result = new YAMLMap();
  result.flow = under.flow === true && over.flow === true;
  const replaced = new Map(over.items.map((pair) => [keyOf(pair), pair]));
  for (const pair of under.items) {
    const mine = replaced.get(keyOf(pair));
    replaced.delete(keyOf(pair));
    if (mine !== undefined && isMap(pair.value) && isMap(mine.value)) {
      if (isNode(mine.key) && isNode(pair.key)) mine.key.commentBefore ??= pair.key.commentBefore ?? null;
      mine.value = mergeMaps(pair.value, mine.value);
    }
    result.items.push(mine ?? pair);
  }
  result.items.push(...replaced.values());
  return result;
}

/** The mapping of a file, without the comment above its first key, which is about the file. */
function rootOf({ contents }: Document): YAMLMap {
  if (!isMap(contents)) throw new Error('the loaded flavor is not a mapping');
  contents.commentBefore = null;
  const first = contents.items[0]?.key;
  if (isNode(first)) first.commentBefore = null;
  return contents;
}

function keyOf(pair: Pair<unknown, unknown>): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}
