import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadBuildSpec } from '../../../src/spec/build-spec.ts';
import { failureOf } from '../../support/failure.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const load = (text: string | undefined, set: string[] = [], flags: Record<string, unknown> = {}) => {
  const directory = temporaryDirectory();
  if (text === undefined) return loadBuildSpec({ set, flags });
  const file = join(directory, 'factory.yaml');
  writeFileSync(file, text);
  return loadBuildSpec({ file, set, flags });
};

describe('precedence', () => {
  test('defaults, then the file, then --set, then flags', async () => {
    expect((await load('flavor: debian\n')).kernel).toBe('generic');
    expect((await load('flavor: debian\nkernel: cloud\n')).kernel).toBe('cloud');
    expect((await load('flavor: debian\nkernel: cloud\n', ['kernel=rt'])).kernel).toBe('rt');
    expect((await load('flavor: debian\nkernel: cloud\n', ['kernel=rt'], { kernel: 'small' })).kernel).toBe(
      'small',
    );
  });
  test('--set reaches into mappings and leaves their other keys', async () => {
    const { disk } = await load('flavor: debian\ndisk: {oem: 100, persistent: 200}\n', ['disk.oem=128']);
    expect(disk).toEqual({ oem: 128, persistent: 200 });
  });
  test('versions get their v, and keep their metadata', async () => {
    expect((await load('flavor: debian\nversion: 1.2.3-rc.1+b7\n')).version).toBe('v1.2.3-rc.1+b7');
  });
});

test('paths are relative to the file, or to the working directory for flags', async () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'over'));
  writeFileSync(join(directory, 'f.yaml'), 'flavor: debian\noverlay-rootfs: over\nbase: root.tar\n');
  const spec = await loadBuildSpec({
    file: join(directory, 'f.yaml'),
    set: [],
    flags: { output: 'elsewhere' },
  });
  expect(spec.overlayRootfs).toBe(join(directory, 'over'));
  expect(spec.base).toBe(`tar:${join(directory, 'root.tar')}`);
  expect(spec.output).toBe(join(process.cwd(), 'elsewhere'));
});

describe('problems are told with their place', () => {
  test.each([
    [
      'flavour: debian\n',
      /factory\.yaml:1:1: unknown key "flavour" \(did you mean "flavor"\?\)|--flavor: flavor is missing/,
    ],
    [
      'flavor: debian\ncompression: fats\n',
      /factory\.yaml:2:1: compression: "fats" is none of .*\(did you mean "fast"\?\)/,
    ],
    ['flavor: debian\ndisk:\n  oem: big\n', /factory\.yaml:3:3: disk\.oem: /],
    ['flavor: debian\nversion: one\n', /factory\.yaml:2:1: version: is not a semantic version/],
    [
      'flavor: debian\npackages: [ok, "no good"]\n',
      /factory\.yaml:2:\d+: packages\.1: is not a package name/,
    ],
    ['flavor: [debian\n', /factory\.yaml:\d+:\d+: /],
    ['- flavor\n', /factory\.yaml:1:1: the configuration is not a mapping/],
  ])('%j', async (text, message) => {
    const error = await failureOf(() => load(text), 'usage');
    expect([error.message, ...error.details].join('\n')).toMatch(message);
  });
  test('several at once', async () => {
    const error = await failureOf(() => load('flavor: debian\nkernl: x\noutputt: y\n'), 'usage');
    expect([error.message, ...error.details]).toHaveLength(2);
  });
  test('of flags and --set', async () => {
    expect(
      (await failureOf(() => load(undefined, [], { flavor: 'debian', version: 'x' }), 'usage')).message,
    ).toMatch(/^--version: /);
    expect((await failureOf(() => load('flavor: debian\n', ['disk.oem=x']), 'usage')).message).toMatch(
      /^--set disk\.oem: /,
    );
    expect((await failureOf(() => load('flavor: debian\n', ['oem']), 'usage')).message).toMatch(/key=value/);
    expect((await failureOf(() => load('flavor: debian\n', ['packages=[a']), 'usage')).message).toMatch(
      /^--set packages:/,
    );
  });
});

test('--set cannot reach a prototype', async () => {
  await failureOf(() => load('flavor: debian\n', ['__proto__.polluted=yes']), 'usage');
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

describe('cloud-configs', () => {
  const check = (text: string) => {
    const file = join(temporaryDirectory(), 'cc.yaml');
    writeFileSync(file, text);
    return load('flavor: debian\n', [], { 'cloud-config': file });
  };
  test('need their header', async () => {
    expect((await check('#cloud-config\nhostname: a\n')).cloudConfig).toMatch(/cc\.yaml$/);
    expect((await failureOf(() => check('hostname: a\n'), 'usage')).message).toMatch(
      /cc\.yaml:1:1: none of the first ten/,
    );
  });
  test('must be YAML', async () => {
    expect((await failureOf(() => check('#cloud-config\na: [\n'), 'usage')).message).toMatch(
      /cc\.yaml:\d+:\d+: /,
    );
  });
  test('must be there', async () => {
    const missing = () => load('flavor: debian\n', [], { 'cloud-config': '/nonexistent/cc.yaml' });
    expect((await failureOf(missing, 'usage')).message).toMatch(/cannot be read/);
  });
});
