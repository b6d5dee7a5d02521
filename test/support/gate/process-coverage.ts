import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { mergeScriptCovs, type ScriptCov } from '@bcoe/v8-coverage';
import { convert } from 'ast-v8-to-istanbul';
import { parseSync } from 'oxc-parser';
import type { CoverageMap } from './coverage.ts';

/** Number of measurements of one file to merge at a time; each takes several megabytes until then. */
const BATCH = 20;

/**
 * Reads what Node.js wrote into a directory for `NODE_V8_COVERAGE`, one file per process, about the scripts below `program`:
 * sources, or compiled ones, whose source maps are followed.
 * @returns one map for each script that ran; none when the directory does not exist
 */
export async function readProcessCoverage(directory: string, program: string): Promise<CoverageMap[]> {
  const prefix = pathToFileURL(`${program}/`).href;
  const scripts = new Map<string, ScriptCov[]>();
  for (const name of await listMeasurements(directory)) {
    const text = await readFile(join(directory, name), 'utf8');
    const { result } = JSON.parse(text) as { readonly result: readonly ScriptCov[] };
    for (const script of result.filter(({ url }) => url.startsWith(prefix))) {
      const known = [...(scripts.get(script.url) ?? []), script];
      scripts.set(script.url, known.length < BATCH ? known : merge(known));
    }
  }
  return Promise.all([...scripts].map(([url, measured]) => toSources(url, merge(measured))));
}

async function listMeasurements(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => name.startsWith('coverage-'));
}

function merge(measured: readonly ScriptCov[]): ScriptCov[] {
  const merged = mergeScriptCovs([...measured]);
  return merged ? [merged] : [];
}

async function toSources(url: string, [script]: readonly ScriptCov[]): Promise<CoverageMap> {
  if (!script) return {};
  const file = fileURLToPath(url);
  const code = await readFile(file, 'utf8');
  const { program } = parseSync(file, code);
  const measured = { code, coverage: script, ast: program as never };
  // Node.js replaces the types of a source by spaces, so every place stays where it is.
  if (file.endsWith('.ts')) return convert(measured);
  return convert({ ...measured, sourceMap: JSON.parse(await readFile(`${file}.map`, 'utf8')) });
}
