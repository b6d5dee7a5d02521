import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { proofSubjects } from '../../../../src/factory/prove/proof-subjects.ts';
import { proofConfig } from '../../../../src/factory/prove/proof-volume.ts';
import { readChecks } from '../../../../src/factory/prove/read-checks.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

test('checks are a script, or the scripts of a directory in alphabetical order', async () => {
  const directory = plant(temporaryDirectory(), { 'b.sh': 'exit 1\n', 'a.sh': 'true\n', '.hidden': 'x' });
  expect(await readChecks(directory)).toEqual([
    { name: 'a.sh', script: 'true\n' },
    { name: 'b.sh', script: 'exit 1\n' },
  ]);
  expect(await readChecks(join(directory, 'b.sh'))).toEqual([{ name: 'b.sh', script: 'exit 1\n' }]);
});

test.each([
  ['nothing', 'does not exist'],
  ['empty', 'has no scripts'],
  ['blank.sh', 'does not have 1 to'],
  ['nested', 'is not a file'],
])('checks in %s are refused', async (name, message) => {
  const directory = plant(temporaryDirectory(), { 'blank.sh': '' });
  mkdirSync(join(directory, 'empty'));
  mkdirSync(join(directory, 'nested/inner'), { recursive: true });
  const error = await failureOf(() => readChecks(join(directory, name)), 'usage');
  expect(error.message).toContain(message);
});

test('what is proven is a file that boots, or those that a build lists', async () => {
  const sum = 'a'.repeat(64);
  const directory = plant(temporaryDirectory(), {
    'os.iso': '',
    'os.oci/index.json': JSON.stringify({ manifests: [{ digest: `sha256:${'b'.repeat(64)}` }] }),
    SHA256SUMS: `${sum}  os.iso\n${sum}  os.oci/index.json\n${sum}  os.raw\n`,
  });
  const [iso, raw] = [join(directory, 'os.iso'), join(directory, 'os.raw')];
  expect(await proofSubjects(directory)).toEqual({
    artifacts: [
      { file: iso, sha256: sum },
      { file: raw, sha256: sum },
    ],
    images: [{ name: 'os.oci', digest: { sha256: 'b'.repeat(64) } }],
  });
  expect(await proofSubjects(iso)).toEqual({ artifacts: [{ file: iso }], images: [] });
  const other = plant(temporaryDirectory(), { SHA256SUMS: `${sum}  os.oci/index.json\n`, 'os.txt': '' });
  expect((await failureOf(() => proofSubjects(other), 'usage')).message).toContain('no artifact that boots');
  await failureOf(() => proofSubjects(join(other, 'os.txt')), 'usage');
  await failureOf(() => proofSubjects('/nowhere'), 'usage');
});

test('the configuration of the proof installs nothing, and starts the responder at each boot', () => {
  const text = proofConfig('#!/bin/sh\necho "{{ hello }}"\n');
  expect(text).toMatch(/^#cloud-config\n/);
  const config = parse(text);
  expect(config.install).toEqual({ auto: false });
  expect(config.stages.boot[0].files[0]).toMatchObject({ permissions: 0o700 });
  expect(config.stages.boot[0].commands[0]).toContain('systemd-run');
});
