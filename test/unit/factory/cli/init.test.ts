import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { execa } from 'execa';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { examineCloudConfig } from '../../../../src/common/cloud-config/validate.ts';
import { loadBuildTargets } from '../../../../src/factory/config/build-spec.ts';
import { HOST_PACKAGES } from '../../../../src/factory/init/host-packages.ts';
import { projectFiles } from '../../../../src/factory/init/project-files.ts';
import { PROJECT } from '../../../support/factory.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const MAIN = join(PROJECT, 'src/factory/cli/main.ts');
/** A key that belongs to nobody: the form is that of a real one. */
const key = (comment: string, letter = 'x') =>
  `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK${letter.repeat(42)} ${comment}`;

/** Runs init without a terminal, with a home of its own. */
async function init(home: string, ...flags: string[]) {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [MAIN, 'init', ...flags], {
    cwd: home,
    env: { HOME: home, KAIROS_FACTORY_PROGRAM: 'kairos-factory' },
    stdin: 'ignore',
    reject: false,
  });
  return { status: exitCode, stdout, stderr };
}

/** What is wrong with the files of a project, as the commands see them. */
async function problemsOf(directory: string) {
  const text = readFileSync(join(directory, 'node.yaml'), 'utf8');
  const warnings: string[] = [];
  const sources = { file: join(directory, 'kairos-factory.yaml'), set: [], flags: {} };
  const targets = await loadBuildTargets(sources, [], (line) => warnings.push(line));
  expect(targets).toHaveLength(1);
  return [...examineCloudConfig('node.yaml', text, { strict: true }), ...warnings];
}

describe('without a terminal', () => {
  test('takes the only key of the person, and defaults', async () => {
    const home = plant(temporaryDirectory(), {
      '.ssh/id.pub': `${key('me@here')}\n`,
      '.ssh/id': 'PRIVATE KEY',
    });
    const { status, stdout } = await init(home, 'fleet');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /Written:\n {2}fleet\/kairos-factory\.yaml[\s\S]*Next:\n {2}cd fleet\n {2}kairos-factory build$/,
    );
    const fleet = join(home, 'fleet');
    expect(parse(readFileSync(join(fleet, 'node.yaml'), 'utf8'))).toMatchObject({
      users: [{ name: 'kairos', groups: ['admin'], ssh_authorized_keys: [key('me@here')] }],
    });
    expect(await problemsOf(fleet)).toEqual([]);
    expect(existsSync(join(fleet, '.github'))).toBe(false);
  });

  test.each([
    { keys: {}, flags: [], message: /no public key in ~\/\.ssh[\s\S]*--ssh-key FILE[\s\S]*ssh-keygen/ },
    {
      keys: { 'cut.pub': key('me').slice(0, 60) },
      flags: ['--ssh-key', 'cut.pub'],
      message: /cut\.pub: the SSH key is cut short/,
    },
    { keys: { '.ssh/a.pub': key('a'), '.ssh/b.pub': key('b') }, flags: [], message: /several public keys/ },
    { keys: { '.ssh/a.pub': 'no key' }, flags: [], message: /no public key/ },
    {
      keys: { id: '-----BEGIN OPENSSH PRIVATE KEY-----' },
      flags: ['--ssh-key', 'id'],
      message: /private key[\s\S]*id\.pub/,
    },
    { keys: {}, flags: ['--ssh-key', 'none.pub'], message: /none\.pub cannot be read/ },
    { keys: {}, flags: ['--github', 'not a name'], message: /is not a name at GitHub/ },
    { keys: {}, flags: ['--github', 'ann', '--flavor', 'debain'], message: /did you mean "debian"/ },
    { keys: {}, flags: ['--github', 'ann', '--kubernetes', 'k3s'], message: /such as k3s@v/ },
  ])('refuses $flags with $keys', async ({ keys, flags, message }) => {
    const home = plant(temporaryDirectory(), keys);
    const { status, stderr } = await init(home, 'fleet', ...flags);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(existsSync(join(home, 'fleet'))).toBe(false);
  });

  test('overwrites nothing: it stops before it writes, and keeps ignore files', async () => {
    const home = plant(temporaryDirectory(), { 'a/node.yaml': 'mine', 'b/.gitignore': '/build/\n' });
    const refused = await init(home, 'a', '--github', 'ann');
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('a already has node.yaml') });
    expect(readFileSync(join(home, 'a/node.yaml'), 'utf8')).toBe('mine');
    expect(existsSync(join(home, 'a/kairos-factory.yaml'))).toBe(false);
    const kept = await init(home, 'b', '--github', 'ann');
    expect(kept.stdout).toContain('Kept: b/.gitignore; add these lines to it: /release/');
    expect(readFileSync(join(home, 'b/.gitignore'), 'utf8')).toBe('/build/\n');
  });
});

describe('on a terminal', () => {
  /** Runs init on a pseudo-terminal, and types an answer to each question. */
  async function answer(home: string, answers: readonly string[]) {
    const child = spawn('script', ['-qefc', `stty cols 80; exec "$NODE" ${MAIN} init fleet`, '/dev/null'], {
      cwd: home,
      env: { ...process.env, NODE: process.execPath, HOME: home, KAIROS_FACTORY_PROGRAM: 'kairos-factory' },
      stdio: 'pipe',
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = once(child, 'close');
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    for (const text of answers) {
      while (!/> $/.test(stripVTControlCharacters(printed))) {
        if (child.exitCode !== null) throw new Error(`it ended: ${printed}`);
        await sleep(20);
      }
      printed += '\n';
      child.stdin.write(text);
    }
    await ended;
    return { status: child.exitCode, text: stripVTControlCharacters(printed) };
  }

  test('asks, asks again after a mistake, and proposes the keys of the person', async () => {
    const home = plant(temporaryDirectory(), {
      '.ssh/a.pub': key('a@here', 'a'),
      '.ssh/b.pub': key('b@here', 'b'),
    });
    const { status, text } = await answer(home, ['debain\r', 'debian\r', 'iso\r', '\r', '2\r', 'gitlab\r']);
    expect(text).toContain('did you mean "debian"');
    expect(text).toMatch(/1 {2}a\.pub, ssh-ed25519 a@here\r?\n {2}2 {2}b\.pub/);
    expect(status).toBe(0);
    const fleet = join(home, 'fleet');
    expect(readFileSync(join(fleet, 'node.yaml'), 'utf8')).toContain(key('b@here', 'b'));
    expect(parse(readFileSync(join(fleet, '.gitlab-ci.yml'), 'utf8'))).toHaveProperty(['os-image', 'script']);
    expect(await problemsOf(fleet)).toEqual([]);
  });

  test.each([
    ['Ctrl-C', '\x03', 'interrupted by SIGINT'],
    ['Ctrl-D', '\x04', 'the input ended before the last answer'],
  ])('%s ends it, and nothing is written', async (_, typed, message) => {
    const home = temporaryDirectory();
    const { status, text } = await answer(home, ['\r', typed]);
    expect(text).toContain(message);
    expect(status).toBe(130);
    expect(existsSync(join(home, 'fleet'))).toBe(false);
  });
});

describe('the files', () => {
  const answers = { flavor: 'debian', artifacts: ['oci', 'iso'], key: key('me "quoted": # yes') } as const;
  const textOf = (path: string, more: object = {}) =>
    projectFiles({ ...answers, ...more }).find((file) => file.path === path)?.text ?? '';

  test.each(['k3s@v1.34.1+k3s1', 'k0s@v1.34.1+k0s.0'])('are valid with %s', async (kubernetes) => {
    const directory = temporaryDirectory();
    plant(
      directory,
      Object.fromEntries(projectFiles({ ...answers, kubernetes }).map(({ path, text }) => [path, text])),
    );
    expect(await problemsOf(directory)).toEqual([]);
    expect(textOf('node.yaml', { kubernetes })).toMatch(/^k[30]s:\n {2}enabled: true\n/m);
  });

  test('for CI install what scripts/setup installs', async () => {
    const setup = readFileSync(join(PROJECT, 'scripts/setup'), 'utf8');
    const [, listed = ''] = /^tools='([^']*)'/m.exec(setup) ?? [];
    expect(HOST_PACKAGES).toEqual(listed.split(/\s+/));
  });

  test('for GitHub use the pinned actions of our own workflow, and few permissions', () => {
    const text = textOf('.github/workflows/image.yml', { ci: 'github' });
    const workflow = parse(text);
    expect(workflow).toMatchObject({ permissions: { contents: 'read' } });
    const own = ['prove', 'test']
      .map((name) => readFileSync(join(PROJECT, `.github/workflows/${name}.yml`), 'utf8'))
      .join('');
    for (const [used] of text.matchAll(/uses: \S+/g)) expect(own).toContain(used);
    const runs = workflow.jobs.image.steps.flatMap((step: { run?: string }) => step.run ?? []);
    const summary = ' --summary "$GITHUB_STEP_SUMMARY"';
    expect(runs).toContain(`kairos-factory build${summary}`);
    const { script } = parse(textOf('.gitlab-ci.yml', { ci: 'gitlab' }))['os-image'];
    expect(script).toEqual(runs.map((line: string) => line.replace(summary, '')));
  });

  test('are the only examples with a key: no page names an account of a stranger', () => {
    const pages = readdirSync(join(PROJECT, 'docs'), { recursive: true, encoding: 'utf8' }).map(
      (name) => `docs/${name}`,
    );
    for (const page of ['README.md', ...pages.filter((name) => name.endsWith('.md'))]) {
      expect(readFileSync(join(PROJECT, page), 'utf8'), page).not.toMatch(/git(?:hub|lab):(?!NAME)[A-Za-z]/);
    }
  });

  test('name no key but that of the person', () => {
    const all = projectFiles({ ...answers, ci: 'github' })
      .map(({ text }) => text)
      .join('');
    expect(all).not.toMatch(/github:[a-z]/);
    expect(all.match(/ssh-ed25519/g)).toHaveLength(1);
  });
});
