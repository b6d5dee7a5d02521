import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { proofRows, rowName, withMatrix, withTable } from '../../../scripts/proof-rows.ts';
import { readCells } from '../../../scripts/write-proofs.ts';
import { listFlavors, loadFlavor } from '../../../src/factory/catalog/flavors/load.ts';
import { FLAVORS } from '../../../src/factory/pipeline/project-files.ts';
import { testResultStatement } from '../../../src/factory/prove/test-result.ts';
import { PROJECT } from '../../support/factory.ts';
import { plant, temporaryDirectory } from '../support/temporary.ts';

const read = (name: string) => readFileSync(join(PROJECT, name), 'utf8');
const rows = await proofRows();

test('the workflow proves each release of each flavor that has a base', async () => {
  const workflow = read('.github/workflows/prove.yml');
  expect(withMatrix(workflow, rows), 'run "npm run docs"').toBe(workflow);
  const { include } = parse(workflow).jobs.prove.strategy.matrix;
  const names = (await listFlavors(FLAVORS)).filter((name) => name !== 'any');
  const all = await Promise.all(
    names.map(async (flavor) =>
      Object.keys((await loadFlavor(FLAVORS, flavor)).releases).map((release) => ({ flavor, release })),
    ),
  );
  expect(include).toEqual(all.flat());
});

test('the table of docs/support.md has a row for each', () => {
  const page = read('docs/support.md');
  expect(withTable(page, rows), 'run "npm run docs"').toBe(page);
  for (const { flavor, release } of rows) {
    expect(page).toMatch(new RegExp(`^\\| \`${flavor}\` +\\| ${release.replace('.', '\\.')} +\\| `, 'm'));
  }
});

const PAGE = 'before\n<!-- proofs: begin -->\n<!-- proofs: end -->\nafter\n';
const ROWS = [
  { flavor: 'debian', release: 'bookworm' },
  { flavor: 'fedora', release: '43' },
];

test('a row keeps what is known of it until there is something new', async () => {
  const statement = testResultStatement(
    [{ name: 'os.oci', digest: { sha256: 'a'.repeat(64) } }],
    [
      { machine: 'os.raw on uefi', event: 'boot', seconds: 1, output: '' },
      { machine: 'os.raw on uefi', event: 'boot', check: 'the agent runs', seconds: 1, output: '' },
      { machine: 'os.raw on uefi', event: 'upgrade', seconds: 1, output: '' },
    ],
    [],
  );
  const results = plant(temporaryDirectory(), {
    'fedora-43/os.test-result.json': JSON.stringify(statement),
    'fedora-43/manifest.json': JSON.stringify({ images: [{ digest: `sha256:${'b'.repeat(64)}` }] }),
  });
  const cells = await Promise.all(
    ROWS.map(async (row) => [rowName(row), await readCells(results, row, '2026-11-30')] as const),
  );
  const page = withTable(PAGE, ROWS, new Map(cells));
  expect(page).toMatch(/^\| `debian` \| bookworm \| failed +\| 2026-11-30 \| +\| +\|$/m);
  const proven = '| `fedora` | 43       | boot, upgrade | 2026-11-30 | `sha256:bbbbbbbbbbbbbbbb`';
  expect(page).toContain(`${proven} | \`sha256:aaaaaaaaaaaaaaaa\` |`);
  expect(page).toMatch(/^before\n[\s\S]*\nafter\n$/);
  expect(withTable(page, ROWS)).toBe(page);
  expect(withTable(page, [...ROWS, { flavor: 'new', release: '1' }])).toMatch(/^\| `new` +\| 1 +\| no /m);
});
