import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { plant, temporaryDirectory } from '../support/temporary.ts';

const SCRIPTS = join(import.meta.dirname, '../../../scripts');
const AGENT = ['', '.libc/loader', '.licences.txt', '.parts.json', '.programs/bin/tool'];

test('a build removes what no script writes any more, which would be in the npm package', () => {
  const kept = [
    'factory/cli/main.js',
    'man/kairos-factory.1',
    'site/index.html',
    'kairos-factory-amd64',
    ...['amd64', 'arm64'].flatMap((arch) => AGENT.map((part) => `kairos-agent-${arch}${part}`)),
  ];
  const stale = [
    'agent/main.js',
    'common/files/digest.js',
    'kairos-agent-amd64.renamed/x',
    'kairos-agent-riscv',
  ];
  const dist = plant(temporaryDirectory(), Object.fromEntries([...kept, ...stale].map((path) => [path, ''])));
  execFileSync(join(SCRIPTS, 'clear-dist'), [dist]);
  const names = (paths: readonly string[]) => [...new Set(paths.map((path) => path.split('/')[0]))].sort();
  expect(readdirSync(dist).sort()).toEqual(names(kept));
  // An empty directory has no entries to remove.
  execFileSync(join(SCRIPTS, 'clear-dist'), [temporaryDirectory()]);
});

test('everything that build-agent writes stays', () => {
  const written = readFileSync(join(SCRIPTS, 'build-agent'), 'utf8').matchAll(
    /"dist\/kairos-agent-\$name([.\w]*)"$/gm,
  );
  const parts = [...written].map(([, part = '']) => part);
  expect(new Set(parts)).toEqual(new Set(AGENT.map((part) => part.split('/')[0])));
  expect(packageJson.files).toEqual(
    expect.arrayContaining(['dist/kairos-agent-*', 'dist/kairos-agent-*/**']),
  );
});
