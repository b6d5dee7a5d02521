import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { BuildReport } from '../../src/factory/pipeline/build-report.ts';
import { generateKeyPair } from '../support/cosign.ts';
import { factory, PROJECT, TEST_HOME } from '../support/factory.ts';
import { makeSmallSystem } from '../support/small-system.ts';
import { tool } from '../support/tool.ts';
import { type WritableRegistry, writableRegistry } from '../support/writable-registry.ts';

const isRoot = process.getuid?.() === 0;
/** With the cosign that scripts/setup builds. */
const PATH = `${join(PROJECT, '.tools/bin')}:${process.env['PATH']}`;
/** Steps whose results are shared, of a build that imports its base. */
const SHARED = ['image', 'squashfs'];

describe.skipIf(!isRoot)('a shared cache (needs root: packs a root with its owners)', () => {
  let home: string;
  let registry: WritableRegistry;
  let first: Awaited<ReturnType<typeof made>>;
  /** Names of the results in the registry, by the version of their build. */
  const results = new Map<string, string[]>();
  beforeAll(async () => {
    home = await mkdtemp(join(TEST_HOME, 'shared-'));
    registry = await writableRegistry();
    const base = await makeSmallSystem(home);
    await base('base', 'echo 070701 >/boot/initrd');
    for (const name of ['team', 'stranger']) await generateKeyPair(home, name);
    for (const version of ['v2.0.0', 'v1.2.3']) {
      const known = new Set(registry.manifests.keys());
      first = await made({ name: `first-${version}`, cache: writer, version });
      const fresh = [...registry.manifests.keys()].filter((name) => !known.has(name) && !name.includes('@'));
      results.set(version, fresh);
    }
  });
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await tool('rm', '-rf', home);
  });

  interface Machine {
    /** Another machine has a cache and an output of its own. */
    readonly name: string;
    readonly cache?: object;
    readonly version?: string;
    readonly registry?: string;
    readonly flags?: readonly string[];
  }

  async function build({
    name,
    cache = {},
    version = 'v1.2.3',
    registry: address = registry.address,
    flags = [],
  }: Machine) {
    const configuration = {
      flavor: './flavor.yaml',
      base: './base.tar',
      artifacts: ['squashfs'],
      compression: 'fast',
      version,
      output: `./${name}-out`,
      registries: [{ registry: address, insecure: true }],
      cache: { registry: `oci://${address}/team/cache`, ...cache },
    };
    const file = join(home, `${name}.yaml`);
    await writeFile(file, stringify(configuration));
    const env = { KAIROS_FACTORY_CACHE: join(home, `${name}-cache`), COSIGN_PASSWORD: '', PATH };
    return factory(['build', '--config', file, '--json', ...flags], { cwd: home, env });
  }

  async function made(machine: Machine) {
    const { status, stdout, stderr } = await build(machine);
    expect(status, stderr).toBe(0);
    const report = JSON.parse(stdout) as BuildReport;
    const squashfs = await readFile(join(report.output, report.manifest.artifacts[0]?.file ?? ''));
    const ran = report.steps.filter(({ cached }) => !cached).map(({ id }) => id);
    return { stderr, squashfs, ran: SHARED.filter((id) => ran.includes(id)) };
  }

  const writer = { sign: './team.key' };
  const reader = { verify: ['./team.pub'] };

  test('gives results to another machine, which builds none of them, and has the same bytes', async () => {
    expect(first.ran).toEqual(SHARED);
    expect(first.stderr).toMatch(/shared cache .*\/team\/cache: 0 results taken, 2 added \(/);
    const second = await made({ name: 'second', cache: reader });
    expect(second.ran).toEqual([]);
    expect(second.stderr).toMatch(/2 results taken, 0 added/);
    expect(second.squashfs.equals(first.squashfs)).toBe(true);
    // Its own cache has them now.
    const again = await made({ name: 'second', cache: reader });
    expect(again.stderr).not.toContain('taken');
  });

  test('is refused without any key, before anything is built', async () => {
    const { status, stderr } = await build({ name: 'keyless' });
    expect([status, stderr]).toEqual([2, expect.stringContaining('cache.verify')]);
  });

  test('takes no result that another key has signed, and adds none without a key to sign with', async () => {
    const before = registry.manifests.size;
    const { ran, stderr } = await made({ name: 'careful', cache: { verify: ['./stranger.pub'] } });
    expect(ran).toEqual(SHARED);
    expect(stderr).toContain('has a signature by an unknown key');
    expect(registry.manifests.size).toBe(before);
  });

  test('takes no result of another build from under a tag', async () => {
    const kept = new Map(registry.manifests);
    const tags = (version: string) => results.get(version) ?? [];
    const [other] = tags('v2.0.0').map((name) => kept.get(name));
    for (const name of tags('v1.2.3')) if (other) registry.manifests.set(name, other);
    try {
      const { ran, stderr, squashfs } = await made({ name: 'misled', cache: reader });
      expect(ran).toEqual(SHARED);
      expect(stderr).toContain('is the result of another step');
      expect(squashfs.equals(first.squashfs)).toBe(true);
    } finally {
      for (const [name, manifest] of kept) registry.manifests.set(name, manifest);
    }
  });

  test('does without a result whose content was changed', async () => {
    const large = [...registry.blobs]
      .filter(([, { length }]) => length > 100_000)
      .map(([name]) => name.split('@').at(-1) ?? name);
    expect(large).not.toEqual([]);

    const isContent = (method: string, path: string) =>
      method === 'GET' && large.some((name) => path.endsWith(name));
    registry.change = ({ method, path }, answer) =>
      isContent(method, path) && answer.content
        ? { ...answer, content: Buffer.alloc(answer.content.length) }
        : answer;
    try {
      const { stderr, squashfs } = await made({ name: 'changed', cache: reader });
      expect(stderr).toContain('goes on without the shared cache');
      expect(squashfs.equals(first.squashfs)).toBe(true);
    } finally {
      registry.change = undefined;
    }
  });

  test('does without a registry that does not answer', async () => {
    const { stderr } = await made({ name: 'dead', cache: writer, registry: '127.0.0.1:1' });
    expect(stderr.match(/is not asked any more/g)).toHaveLength(1);
  });

  test('is not asked by a build without a network', async () => {
    const before = registry.seen.length;
    const { ran } = await made({ name: 'offline', cache: writer, flags: ['--offline'] });
    expect([ran, registry.seen.length]).toEqual([SHARED, before]);
  });
});
