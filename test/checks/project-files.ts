import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../support/factory.ts';
import { tool } from '../support/tool.ts';

/** The content of every file that git tracks or does not ignore, by its path in the project. */
export async function projectFiles(): Promise<Map<string, string>> {
  const listed = await tool('git', '-C', PROJECT, 'ls-files', '--cached', '--others', '--exclude-standard');
  const files = new Map<string, string>();
  for (const path of listed.split('\n').filter(Boolean)) {
    const text = await readFile(join(PROJECT, path), 'utf8').catch(() => undefined);
    if (text !== undefined) files.set(path, text);
  }
  return files;
}
