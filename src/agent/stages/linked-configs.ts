import { isDeepStrictEqual } from 'node:util';
import { isMap } from '../../common/cloud-config/merge.ts';
import type { ConfigData, ConfigDocument } from '../../common/cloud-config/parse.ts';
import type { ReadFile } from '../config/config-files.ts';
import { configUrlOf } from '../config/config-url.ts';
import type { RemoteDocument } from '../config/remote.ts';

/** A configuration of a source, or the reason why it has none; `remote` if it was not found there, but linked to. */
export type SourceFile = ReadFile & { readonly remote?: Pick<RemoteDocument, 'address' | 'arrived'> };

/**
 * Puts the configurations that each file links to with `config_url` behind it (docs/contract.md 4.2). What the file says
 * already is not repeated: an installation merges both, so the file of an installed node has the steps of its target too.
 * @param fetch reads a chain of configurations; its results for one URL must stay the same objects
 */
export function linkFollower(
  fetch: (url: string) => Promise<readonly SourceFile[]>,
): (files: readonly SourceFile[]) => Promise<SourceFile[]> {
  const known = new WeakMap<ConfigDocument, Promise<SourceFile[]>>();
  const follow = async (document: ConfigDocument): Promise<SourceFile[]> => {
    const url = configUrlOf(document);
    const linked = url === undefined ? [] : await fetch(url);
    return linked.map((file) =>
      'document' in file ? { ...file, document: withoutRepeats(file.document, document.data) } : file,
    );
  };
  const linkedTo = (document: ConfigDocument): Promise<SourceFile[]> => {
    const files = known.get(document) ?? follow(document);
    known.set(document, files);
    return files;
  };
  return async (files) => {
    const each = files.map(async (file) =>
      'document' in file && file.remote === undefined ? [file, ...(await linkedTo(file.document))] : [file],
    );
    return (await Promise.all(each)).flat();
  };
}

/** Omits the entries of lists, of `stages` too, that another configuration has as well. */
function withoutRepeats(document: ConfigDocument, other: ConfigData): ConfigDocument {
  const data = omitItems(document.data, other);
  const { stages } = data;
  if (!isMap(stages) || !isMap(other['stages'])) return { ...document, data };
  return { ...document, data: { ...data, stages: omitItems(stages, other['stages']) } };
}

function omitItems(data: ConfigData, other: ConfigData): ConfigData {
  const entries = Object.entries(data).map(([key, value]) => {
    const present = other[key];
    if (!Array.isArray(value) || !Array.isArray(present)) return [key, value];
    return [key, value.filter((item) => !present.some((each) => isDeepStrictEqual(each, item)))];
  });
  return Object.fromEntries(entries) as ConfigData;
}
