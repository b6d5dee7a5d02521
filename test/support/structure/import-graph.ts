import { readFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';

/** The imports of each file, as paths relative to one directory. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

interface Source {
  readonly value: unknown;
}

/**
 * Lists the relative specifiers of a module's imports, re-exports, dynamic imports and type imports.
 * @throws Error when the code does not parse or computes the path of a dynamic import
 */
export function relativeImports(file: string, code: string): string[] {
  const { program, errors } = parseSync(file, code);
  if (errors.length > 0) throw new Error(`${file}: ${errors.map(({ message }) => message).join('; ')}`);
  const found = new Set<string>();
  const take = ({ source }: { readonly source: Source | null }) => {
    if (typeof source?.value === 'string' && source.value.startsWith('.')) found.add(source.value);
  };
  new Visitor({
    ImportDeclaration: take,
    ExportNamedDeclaration: take,
    ExportAllDeclaration: take,
    TSImportType: take,
    ImportExpression: ({ source }) => {
      if (source.type !== 'Literal') throw new Error(`${file}: the path of a dynamic import is computed`);
      take({ source });
    },
  }).visit(program);
  return [...found];
}

/** Reads the imports of `files`, which are paths relative to `root`, separated by `/`. */
export async function readImportGraph(root: string, files: readonly string[]): Promise<ImportGraph> {
  const entries = files.map(async (file): Promise<[string, string[]]> => {
    const specifiers = relativeImports(file, await readFile(join(root, file), 'utf8'));
    return [file, specifiers.map((specifier) => posix.join(dirname(file), specifier))];
  });
  return new Map(await Promise.all(entries));
}
