import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createAgentProgram } from '../../src/agent/program.ts';
import { examineCloudConfig } from '../../src/common/cloud-config/validate.ts';
import { systemHost } from '../../src/common/host/system-host.ts';
import { loadBuildTargets } from '../../src/factory/config/build-spec.ts';
import { loadRollout } from '../../src/factory/rollout/load-rollout.ts';
import { planWaves } from '../../src/factory/rollout/waves.ts';
import { factory, PROJECT, TEST_HOME, type TestBuild, testBuild } from '../support/factory.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tool } from '../support/tool.ts';

/** Pages whose examples use the artifacts of a default build. */
const DEFAULT = 'build/kairos-debian-12-core-amd64-generic-v0.0.0';

interface Example {
  readonly place: string;
  readonly language: string;
  readonly text: string;
}

async function examples(): Promise<Example[]> {
  const documents = [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    ...(await readdir(join(PROJECT, 'docs'), { recursive: true }))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  ];
  const found = await Promise.all(
    documents.map(async (document) => {
      const text = await readFile(join(PROJECT, document), 'utf8');
      return [...text.matchAll(/^```(sh|yaml)\n(.*?)^```$/gms)].map(
        ([, language = '', body = ''], index) => ({
          place: `${document}, block ${index + 1}`,
          language,
          text: body,
        }),
      );
    }),
  );
  return found.flat();
}

const all = await examples();
const commands = all
  .filter(({ language }) => language === 'sh')
  .flatMap(({ place, text }) => text.split('\n').map((line) => ({ place, line: line.trim() })))
  .filter(({ line }) => /^(\.\/bin\/)?kairos-factory /.test(line));

describe('commands of the documentation', () => {
  let build: TestBuild;
  // Serves as the mirror of every registry in the examples.
  let registry: TestRegistry;
  beforeAll(async () => {
    build = await testBuild();
    registry = await startRegistry();
    for (const name of ['library/debian', 'team/base', 'team/os']) {
      await registry.pushImage(name, name, name === 'library/debian' ? '12' : 'v1');
    }
  });
  afterAll(() => registry?.[Symbol.asyncDispose]());
  const mirrored = () => {
    const mirrors = ['docker.io', 'registry.example.com'].map((name) => ({
      registry: name,
      mirrors: [registry.host],
    }));
    return ['--set', `registries=${JSON.stringify(mirrors)}`];
  };

  test('there are some', () => expect(commands.length).toBeGreaterThan(8));

  // Builds are only planned, because integration tests run them. The VM tests boot machines.
  test.each(commands)('$place: $line', async ({ line }) => {
    const home = await mkdtemp(join(TEST_HOME, 'docs-'));
    try {
      const real = join(build.output, 'kairos-debian-12-core-amd64-generic-v1.2.3');
      const [own = ''] = line.split(' -- ');
      const [, ...words] = own.replaceAll(DEFAULT, real).split(/\s+/);
      const [command = ''] = words;
      if (READERS.includes(command)) nameBuild(words, build);
      // The cache of the tests has gigabytes; another test moves a small one.
      const isMoved = command === 'cache' && /^(save|restore)$/.test(words[1] ?? '');
      if (isMoved || ONLY_HELP.includes(command)) return await expectFlags(command, words);
      await placeOutputs(home, words);
      await createInputs(home, words);
      const plan = PLANNED.includes(command) && !words.includes('--plan') ? ['--plan'] : [];
      const more = [...PLANNED, 'plan', 'lock', 'inspect'].includes(command) ? mirrored() : [];
      if (words.includes('--locked') || words.includes('--offline')) {
        await factory(['lock', '--base', words[words.indexOf('--base') + 1] ?? '', ...more], { cwd: home });
      }
      const env = { PATH: `${process.env['PATH']}:${home}` };
      const { status, stderr } = await factory([...words, ...plan, ...more], { cwd: home, env });
      expect(status, stderr).toBe(0);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });
});

/** No page creates the content of extensions or the files to sign; other tests do. Pushes are tested with real registries. */
const ONLY_HELP = [
  ...['boot', 'prove', 'sysext', 'confext', 'sign', 'verify', 'push'],
  // Other tests compare real builds, use the completion in real shells, and answer the questions of init.
  ...['verify-repro', 'diff', 'completion', 'help', 'init'],
  // There is a machine only while a test boots one, and a log only of what has run.
  ...['ssh', 'logs'],
  // It serves until it is stopped; test/integration/serve-netboot.test.ts does that.
  'serve-netboot',
  // It needs nodes; test/integration/rollout.test.ts has some.
  'rollout',
  // They need a cluster; test/integration/operator.test.ts and build-farm.test.ts have one.
  'operator',
  'farm',
];
/** Commands that read what a build has made. */
const READERS = ['inspect', 'size'];

/** Puts the output of a real build in the place of the one that an example names. */
function nameBuild(words: string[], build: TestBuild): void {
  for (const [index, word] of words.entries()) {
    if (word === 'build/*.iso') words[index] = build.artifact('iso');
    else if (/^(build|releases\/.*)$/.test(word)) words[index] = build.output;
  }
}

const PLANNED = ['build', 'artifacts', 'release'];

async function expectFlags(command: string, words: readonly string[]): Promise<void> {
  const sub = ['rollout', 'farm'].includes(command) ? words.slice(1, 2) : [];
  const help = await factory([command, ...sub, '--help']);
  for (const flag of words.filter((word) => word.startsWith('--'))) expect(help.stdout).toContain(flag);
}

/** Redirects a written folder and the Containerfile to the test's directory, and creates the Containerfile. */
async function placeOutputs(home: string, words: string[]): Promise<void> {
  for (const [index, word] of words.entries()) {
    if (words[0] === 'context' && words[index - 1] === '--output') words[index] = join(home, 'folder');
    if (words[index - 1] !== '--containerfile') continue;
    words[index] = join(home, 'Containerfile');
    await writeFile(join(home, 'Containerfile'), `RUN true # ${word}\n`);
  }
}

/** Creates the files that an example names: configurations, overlays, and a scanner, because a machine may have none. */
async function createInputs(home: string, words: readonly string[]): Promise<void> {
  await writeFile(join(home, 'grype'), '#!/bin/sh\n', { mode: 0o755 });
  await writeFile(join(home, 'config.yaml'), '#cloud-config\nhostname: node\n');
  for (const [index, path] of words.entries()) {
    if (!/^(--(cloud-config|overlay-\w+)|validate)$/.test(words[index - 1] ?? '') || path.startsWith('/'))
      continue;
    if (path.endsWith('.yaml')) {
      await mkdir(dirname(join(home, path)), { recursive: true });
      await writeFile(join(home, path), '#cloud-config\nhostname: node\n');
    } else await mkdir(join(home, path), { recursive: true });
  }
  const config = words.indexOf('--config');
  const targets = words.includes('--only') ? 'targets: [{ name: edge }]\n' : '';
  if (config >= 0) await writeFile(join(home, words[config + 1] ?? ''), `flavor: debian\n${targets}`);
}

describe('rollouts of the documentation', () => {
  const files = all.filter(({ language, text }) => language === 'yaml' && /^nodes:/m.test(text));
  test('there are some', () => expect(files.length).toBeGreaterThan(0));

  test.each(files)('$place', async ({ text }) => {
    const home = await mkdtemp(join(TEST_HOME, 'docs-'));
    try {
      await writeFile(join(home, 'rollout.yaml'), text);
      const { nodes, waves } = await loadRollout(join(home, 'rollout.yaml'));
      expect(planWaves(nodes, waves).flat().length).toBe(nodes.length);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });
});

test.each(['github', 'gitlab'])('what init writes for %s is valid, and can be planned', async (ci) => {
  const home = await mkdtemp(join(TEST_HOME, 'init-'));
  try {
    const flags = ['--github', 'kairos', '--kubernetes', 'k3s@v1.34.1+k3s1', '--ci', ci];
    expect(await factory(['init', ...flags], { cwd: home })).toMatchObject({ status: 0, stderr: '' });
    expect(await factory(['validate', 'node.yaml', '--strict'], { cwd: home })).toMatchObject({ status: 0 });
    const plan = await factory(['build', '--plan'], { cwd: home });
    expect(plan).toMatchObject({ status: 0, stdout: expect.stringContaining('iso') });
    expect(plan.stderr).not.toContain('warning');
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});

describe('commands of the agent in the documentation', () => {
  const lines = all
    .filter(({ language }) => language === 'sh')
    .flatMap(({ place, text }) => text.split('\n').map((line) => ({ place, line: line.trim() })))
    .filter(({ line }) => line.startsWith('kairos-agent '));

  test('there are some', () => expect(lines.length).toBeGreaterThan(8));

  // The VM tests run them on nodes. Here, their commands and flags must exist.
  test.each(lines)('$place: $line', async ({ line }) => {
    const [, ...words] = line.split(/\s+/);
    const agent: CommandUnknownOpts = await createAgentProgram({
      host: systemHost(() => undefined),
      out: () => undefined,
    });
    let command = agent;
    for (const word of words) command = command.commands.find((known) => known.name() === word) ?? command;
    expect(command).not.toBe(agent);
    const help = command.helpInformation();
    for (const flag of words.filter((word) => word.startsWith('--'))) expect(help).toContain(flag);
  });
});

describe('cloud-configs of the documentation', () => {
  const configs = all.filter(({ text }) => text.startsWith('#cloud-config'));
  test('there are some', () => expect(configs.length).toBeGreaterThan(2));

  test.each(configs)('$place', ({ place, text }) => {
    expect(examineCloudConfig(place, text, { strict: true })).toEqual([]);
  });
});

describe('configurations of the documentation', () => {
  const configurations = all.filter(({ language, text }) => language === 'yaml' && /^flavor:/m.test(text));
  test('there are some', () => expect(configurations.length).toBeGreaterThan(0));

  test.each(configurations)('$place', async ({ text }) => {
    const home = await mkdtemp(join(TEST_HOME, 'docs-'));
    try {
      const file = join(home, 'kairos-factory.yaml');
      await writeFile(file, text);
      const data = parse(text) as Record<string, string>;
      if (data['cloud-config'])
        await writeFile(join(home, data['cloud-config']), '#cloud-config\nhostname: node\n');
      for (const key of ['overlay-rootfs', 'overlay-iso'])
        if (data[key]) await tool('mkdir', '-p', join(home, data[key]));
      for (const [, path = ''] of text.matchAll(/\b(hooks\/[\w.-]+)/g)) {
        await mkdir(join(home, 'hooks'), { recursive: true });
        await writeFile(join(home, path), '#!/bin/sh\n', { mode: 0o755 });
      }
      const targets = await loadBuildTargets({ file, set: [], flags: {} }, []);
      for (const { spec } of targets) expect(spec).toMatchObject({ flavor: data['flavor'] });
      expect(targets.length).toBeGreaterThan(0);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });
});
