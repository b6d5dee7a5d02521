import { existsSync } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildDebian, factory, PROJECT, TEST_HOME, testBuild } from '../support/factory.ts';
import { packedProgram } from '../support/packed-program.ts';
import { tool } from '../support/tool.ts';

const ALL = process.env['KAIROS_FACTORY_TEST_ALL'] === '1';

describe('the npm package', () => {
  let home: string;
  let program: string;
  let installed: string;
  beforeAll(async () => {
    home = await mkdtemp(join(TEST_HOME, 'npm-'));
    const packed = await packedProgram();
    await writeFile(join(home, 'package.json'), '{}');
    await execa('npm', ['install', '--no-audit', '--no-fund', '--offline', packed], { cwd: home });
    program = join(home, 'node_modules/.bin/kairos-factory');
    installed = join(home, 'node_modules/kairos-factory');
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  test('needs no other package', async () => {
    expect(await readdir(join(home, 'node_modules'))).toEqual([
      '.bin',
      '.package-lock.json',
      'kairos-factory',
    ]);
  });

  test('has nothing that an earlier build has left', async () => {
    const ours =
      /^(?:factory|man|kairos-agent-(?:amd64|arm64)(?:\.(?:libc|programs|licences\.txt|parts\.json))?)$/;
    expect((await readdir(join(installed, 'dist'))).filter((name) => !ours.test(name))).toEqual([]);
  });

  test('has the pages that messages name, and says where they are', async () => {
    const sources = await tool('sh', '-c', 'cat $(find "$1" -name "*.ts")', 'sh', join(PROJECT, 'src'));
    const named = new Set(
      sources.replace(/^ *(?:\*|\/\/|\/\*\*).*$/gm, '').match(/\bdocs\/[\w/-]+\.(?:md|json)\b/g),
    );
    expect(named.size).toBeGreaterThan(5);
    expect([...named].filter((page) => !existsSync(join(installed, page)))).toEqual([]);

    await writeFile(join(home, 'node.yaml'), '#cloud-config\nusres: []\nusers: 5\n');
    const { status, stderr } = await factory(['validate', 'node.yaml'], { cwd: home, program });
    expect(status).toBe(5);
    expect(stderr).toContain(`  docs: ${join(installed, 'docs/cloud-config.md')}\n`);
  });

  test('has the licences of what is in it', async () => {
    const texts = await Promise.all(
      ['LICENSE', 'dist/factory/licences.txt', 'dist/kairos-agent-amd64.licences.txt'].map((file) =>
        readFile(join(installed, file), 'utf8'),
      ),
    );
    expect(texts[0]).toContain('Apache License');
    expect(texts[1]).toMatch(/^dockerode \d[\d.]*: Apache-2.0$/m);
    expect(texts[2]).toMatch(/^zod \d[\d.]*: MIT$/m);
    await access(join(installed, 'dist/kairos-agent-amd64.libc/copyright'));
  });

  test('makes the same ISO of Debian as the checkout, from the same cache', async () => {
    const shared = await testBuild();
    const output = join(home, 'out');
    const { report } = await buildDebian({ output, program, extra: ['--artifact', 'iso'] });
    const sums = (manifest: typeof report.manifest) =>
      manifest.artifacts.map(({ kind, sha256 }) => [kind, sha256]);
    expect(sums(report.manifest)).toEqual(sums(shared.report.manifest).filter(([kind]) => kind === 'iso'));
  });

  test.runIf(ALL).each(['22.22', '20', '18'])('starts on, or refuses, a real Node.js %s', async (version) => {
    const node = join(TEST_HOME, `node-${version}`);
    await mkdir(node, { recursive: true });
    await writeFile(join(node, 'package.json'), '{}');
    await execa('npm', ['install', '--no-audit', '--no-fund', `node@${version}`], { cwd: node });
    const path = `${join(node, 'node_modules/.bin')}:${process.env['PATH']}`;
    const { status, stdout, stderr } = await factory(['--version'], {
      cwd: home,
      program,
      env: { PATH: path },
    });
    const isOld = version !== '22.22';
    expect({ status, stdout, lines: stderr.split('\n').length }).toEqual({
      status: isOld ? 3 : 0,
      stdout: isOld ? '' : expect.stringMatching(/^kairos-factory v/),
      lines: 1,
    });
    if (isOld)
      expect(stderr).toMatch(
        new RegExp(`^error: .* needs Node.js 22\\.22 or newer, and .* is v${version}\\.`),
      );
    else expect(stderr).toBe('');
  });

  test('says so where there is no Node.js', async () => {
    const bin = join(home, 'bin');
    await mkdir(bin);
    for (const name of ['sh', 'readlink']) await symlink((await tool('which', name)).trim(), join(bin, name));
    const { status, stderr } = await factory(['--version'], { cwd: home, program, env: { PATH: bin } });
    expect({ status, stderr }).toEqual({
      status: 3,
      stderr: 'error: kairos-factory needs Node.js 22.22 or newer, and there is no "node" in the PATH',
    });
  });
});
