import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { ciFile } from '../../src/factory/init/ci-text.ts';
import { runAction } from '../support/composite-action.ts';
import { generateKeyPair } from '../support/cosign.ts';
import { factory, PROJECT, TEST_HOME } from '../support/factory.ts';
import { IDENTITY, ISSUER, startKeyless, startTokens } from '../support/keyless.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { makeSmallSystem } from '../support/small-system.ts';
import { tool } from '../support/tool.ts';

const isRoot = process.getuid?.() === 0;
const page = await readFile(join(PROJECT, 'docs/ci.md'), 'utf8');
const [workflow = '', include = ''] = [...page.matchAll(/^```yml\n(.*?)^```$/gms)].map(([, text]) => text);
const read = (path: string) => readFile(join(PROJECT, path), 'utf8');

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(TEST_HOME, 'ci-'));
});
afterAll(() => tool('rm', '-rf', home));

describe('files for CI have the form that the schema of the service asks for', () => {
  // The schemas of SchemaStore, as the project check-jsonschema packs them.
  const checker = join(TEST_HOME, 'check-jsonschema-0.39.0');
  beforeAll(async () => {
    const install = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--root-user-action=ignore',
    ];
    await tool(
      'sh',
      '-c',
      '[ -e "$0" ] || exec python3 "$@"',
      checker,
      ...install,
      '--target',
      checker,
      'check-jsonschema==0.39.0',
    );
  });
  const check = async (schema: string, text: string) => {
    const file = join(home, 'checked.yml');
    await writeFile(file, text);
    const { all, exitCode } = await execa(
      'python3',
      ['-m', 'check_jsonschema', '--builtin-schema', `vendor.${schema}`, file],
      { env: { PYTHONPATH: checker }, reject: false, all: true },
    );
    expect(exitCode, all).toBe(0);
  };

  test('action.yml', async () => check('github-actions', await read('action.yml')));
  test('the workflow of docs/ci.md', () => check('github-workflows', workflow));
  test.each(['prove', 'test'])('our own workflow %s', async (name) =>
    check('github-workflows', await read(`.github/workflows/${name}.yml`)),
  );
  test('what init writes for GitHub', () => check('github-workflows', ciFile('github').text));
  test('what init writes for GitLab', () => check('gitlab-ci', ciFile('gitlab').text));
  test('the include of docs/ci.md', () => check('gitlab-ci', include));
  test('the file for GitLab', async () => check('gitlab-ci', stringify((await gitlabJob()).job)));
  test('a mistake is found', async () => {
    await expect(
      check('github-actions', 'name: x\nruns: { using: composite, steps: [{ run: true }] }\n'),
    ).rejects.toThrow();
  });
});

/** The job of the file for GitLab, with these inputs and the defaults of the others. */
async function gitlabJob(inputs: Readonly<Record<string, string>> = {}) {
  const text = await read('deploy/gitlab/kairos-image.yml');
  const [spec] = parseAllDocuments(text).map((document) => document.toJS());
  const values = Object.fromEntries(
    Object.entries(spec.spec.inputs).map(([name, about]) => [
      name,
      inputs[name] ?? (about as { default?: string } | null)?.default ?? 'given',
    ]),
  );
  const body = text.slice(text.indexOf('\n---\n') + 5);
  const job = parse(
    body.replace(/\$\[\[ inputs\.([\w-]+) \]\]/g, (_, name: string) => values[name] ?? `no input ${name}`),
  );
  return { names: Object.keys(spec.spec.inputs), job };
}

describe.skipIf(!isRoot)('a job (needs root: packs a root with its owners)', () => {
  let registry: TestRegistry;
  let workspace: string;
  let env: Record<string, string>;
  beforeAll(async () => {
    registry = await startRegistry();
    workspace = join(home, 'checkout');
    await mkdir(workspace);
    const base = await makeSmallSystem(workspace);
    await base('base', 'echo 070701 >/boot/initrd');
    const insecure = [{ registry: registry.host, insecure: true }];
    await writeFile(
      join(workspace, 'kairos-factory.yaml'),
      stringify({ flavor: './flavor.yaml', base: './base.tar', version: 'v1.0.0', registries: insecure }),
    );
    const { privateKey } = await generateKeyPair(home, 'release', 'secret');
    env = {
      RELEASE_KEY: await readFile(privateKey, 'utf8'),
      COSIGN_PASSWORD: 'secret',
      TUF_ROOT: join(home, 'tuf'),
    };
    env['PATH'] = `${join(PROJECT, '.tools/bin')}:${process.env['PATH']}`;
    await mkdir(join(home, 'kept'));
    // The program as a job gets it, without its installation of packages.
    await writeFile(
      join(home, 'kairos-factory'),
      `#!/bin/sh\nexec ${join(PROJECT, 'bin/kairos-factory')} "$@"\n`,
      { mode: 0o755 },
    );
  });
  afterAll(() => registry?.[Symbol.asyncDispose]());

  /** The step of the page, with a registry that can be reached from here. */
  function inputs(): Record<string, string> {
    const { steps } = parse(workflow).jobs.image;
    const { with: given } = steps.find(({ uses }: { uses?: string }) =>
      uses?.startsWith('example/kairos-factory@'),
    );
    const filled = Object.entries(given as Record<string, string>).map(([name, value]) => [
      name,
      value.replaceAll('${{ github.ref_name }}', 'v1.2.3').replace('ghcr.io/example', registry.host),
    ]);
    return { ...Object.fromEntries(filled), program: join(home, 'kairos-factory') };
  }

  test('of GitHub builds, signs, pushes and summarises, and the next one finds its cache', async () => {
    const job = async (run: string) => {
      const own = join(home, run);
      await mkdir(own);
      return runAction({
        ...{ home: own, workspace, kept: join(home, 'kept'), run, inputs: inputs() },
        env: { ...env, KAIROS_FACTORY_CACHE: join(own, 'cache') },
      });
    };
    const first = await job('1');
    const { output = '', manifest = '', reference, digest } = first.outputs;
    expect(reference).toBe(`${registry.host}/os`);
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(JSON.parse(await readFile(manifest, 'utf8')).release.KAIROS_VERSION).toBe('v1.2.3');
    expect(first.summary).toMatch(
      /^\| squashfs \| `kairos-.*v1\.2\.3\.squashfs` \| .*iB \| `[0-9a-f]{64}` \|$/m,
    );
    expect(first.summary).toContain(`Pushed \`${reference}@${digest}\`, tagged \`v1.2.3\`, signed by `);
    const verified = await factory(
      [
        'verify',
        `${reference}@${digest}`,
        output,
        '--key',
        join(home, 'release.pub'),
        '--config',
        join(workspace, 'kairos-factory.yaml'),
      ],
      { cwd: workspace, env },
    );
    expect(verified.status, verified.stderr).toBe(0);

    await tool('rm', '-rf', output, join(home, '1/cache'));
    const second = await job('2');
    expect(second.outputs['digest']).toBe(digest);
    const [, cached, all] = /(\d+) of (\d+) steps from the cache/.exec(second.summary) ?? [];
    // What is in the output directory is made again.
    expect(Number(all) - Number(cached)).toBeLessThanOrEqual(6);
  });

  test('of GitHub signs as itself, with the token that the service gives it, and a policy accepts the identity', async () => {
    const place = join(home, 'keyless');
    await mkdir(place);
    await using services = await startKeyless(place);
    await using tokens = await startTokens(services.token);
    const { signingConfig, trustedRoot } = services;
    const own = join(workspace, 'keyless.yaml');
    const settings = parse(await readFile(join(workspace, 'kairos-factory.yaml'), 'utf8'));
    const sign = { key: 'keyless', 'signing-config': signingConfig, 'trusted-root': trustedRoot };
    await writeFile(own, stringify({ ...settings, sign }));
    const { SIGSTORE_ID_TOKEN: _, ...job } = env;
    const { outputs, log } = await runAction({
      ...{ home: place, workspace, kept: join(home, 'kept'), run: '3' },
      inputs: { ...inputs(), config: own, sign: 'keyless' },
      env: { ...job, ...tokens.env, KAIROS_FACTORY_CACHE: join(home, '2/cache') },
    });
    expect(tokens.audiences).toContain('sigstore');
    expect(log).not.toContain(services.token);
    const image = `${outputs['reference']}@${outputs['digest']}`;
    const verify = async (identity: string) => {
      const policy = join(place, 'policy.yaml');
      const identities = [{ identity, issuer: ISSUER }];
      await writeFile(policy, stringify({ identities, 'trusted-root': trustedRoot }));
      const args = ['verify', image, outputs['output'] ?? '', '--policy', policy, '--config', own];
      return factory(args, { cwd: workspace, env });
    };
    const good = await verify(IDENTITY);
    expect(good.status, good.stderr).toBe(0);
    expect((await verify('https://ci.example/other')).status).toBe(5);
  });

  test('fills only an empty cache', async () => {
    const [file = ''] = (await tool('ls', join(home, 'kept'))).split('\n');
    const restore = async (name: string, ...flags: string[]) =>
      factory(['cache', 'restore', name, ...flags, '--json'], {
        cwd: join(home, 'kept'),
        env: { KAIROS_FACTORY_CACHE: join(home, '2/cache') },
      });
    for (const found of [await restore(file), await restore('nothing.tar.zst', '--if-exists')]) {
      expect(found).toMatchObject({ status: 0, stdout: expect.stringContaining('"parts": []') });
    }
    expect(await restore('nothing.tar.zst')).toMatchObject({
      status: 2,
      stdout: expect.stringContaining('--if-exists starts with an empty cache instead'),
    });
  });

  test('of GitLab builds, and keeps its cache', async () => {
    const { names, job } = await gitlabJob({
      ...parse(include).include[0].inputs,
      arguments: '--artifact squashfs',
    });
    expect(names).toEqual(expect.arrayContaining(Object.keys(parse(include).include[0].inputs)));
    const { script, variables, cache } = job['kairos-image'];
    const { exitCode, all } = await execa('sh', ['-e', '-c', script.join('\n')], {
      cwd: workspace,
      env: {
        ...variables,
        PATH: `${home}:${process.env['PATH']}`,
        KAIROS_FACTORY_CACHE: join(home, 'gitlab'),
        GITLAB_CI: 'true',
      },
      all: true,
      reject: false,
    });
    expect(exitCode, all).toBe(0);
    expect((await tool('ls', '-a', workspace)).split('\n')).toContain(cache.paths[0]);
  });
});
