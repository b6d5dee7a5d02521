import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';

/** An empty directory that is gone after the test that asked for it; its path holds no links. */
export function temporaryDirectory(): string {
  const path = makeDirectory();
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The same for all tests of a file, or of a `describe`: gone after the last of them. Not for hooks and tests, which come too late. */
export function sharedDirectory(): string {
  const path = makeDirectory();
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function makeDirectory(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'kairos-factory-unit-')));
}

/** Marks an empty directory in {@link plant}. */
export const DIRECTORY = Symbol('directory');

/** Makes files, links and directories below `root`, with the directories that they need. */
export function plant(
  root: string,
  tree: Readonly<Record<string, string | Buffer | { readonly link: string } | typeof DIRECTORY>>,
): string {
  for (const [path, content] of Object.entries(tree)) {
    const full = join(root, path);
    if (content === DIRECTORY) {
      mkdirSync(full, { recursive: true });
      continue;
    }
    mkdirSync(dirname(full), { recursive: true });
    if (typeof content === 'string' || Buffer.isBuffer(content)) writeFileSync(full, content);
    else symlinkSync(content.link, full);
  }
  return root;
}
