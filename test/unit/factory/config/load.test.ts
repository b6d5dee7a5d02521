import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfiguration } from '../../../../src/factory/config/load.ts';
import { BuildConfiguration } from '../../../../src/factory/config/schema.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

/** Loads with a file of that text, if any; references are shown with the directory that they are relative to. */
async function load(parameters: {
  readonly yaml?: string;
  readonly set?: readonly string[];
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly home?: string;
}) {
  const { yaml, set = [], flags = {}, home = temporaryDirectory() } = parameters;
  const file = yaml === undefined ? {} : { file: join(plant(home, { 'f.yaml': yaml }), 'f.yaml') };
  return loadConfiguration(
    BuildConfiguration,
    { ...file, set, flags },
    (text, directory) => `${directory}|${text}`,
  );
}

/** The failure, with the file's directory taken out of its text. */
async function problem(parameters: Parameters<typeof load>[0]) {
  const home = temporaryDirectory();
  const error = await failureOf(() => load({ ...parameters, home }));
  expect(error.kind).toBe('usage');
  return [error.message, ...error.details].map((line) => line.replaceAll(`${home}/`, ''));
}

describe('what wins', () => {
  const yaml = 'flavor: debian\nkernel: file\nversion: v1.0.0\ncompression: small\n';

  test('is --set over the file, and a flag over both', async () => {
    const set = ['kernel=set', 'version=v2.0.0'];
    const loaded = await load({ yaml, set, flags: { version: 'v3.0.0' } });
    expect(loaded).toMatchObject({
      flavor: 'debian',
      compression: 'small',
      kernel: 'set',
      version: 'v3.0.0',
    });
  });

  test('is the later of two --set', async () => {
    expect(await load({ yaml, set: ['kernel=one', 'kernel=two'] })).toHaveProperty('kernel', 'two');
  });

  test('is the file where a flag was not given', async () => {
    expect(await load({ yaml, flags: { kernel: undefined } })).toHaveProperty('kernel', 'file');
  });

  test('is the default where nothing speaks', async () => {
    expect(await load({ yaml: 'flavor: debian' })).toEqual({
      flavor: 'debian',
      kernel: 'generic',
      model: 'generic',
      version: 'v0.0.0',
      packages: [],
      bundles: [],
      artifacts: ['oci', 'squashfs', 'iso', 'raw', 'qcow2'],
      compression: 'balanced',
      engine: 'auto',
      output: 'build',
      registries: [],
      disk: { oem: 64, persistent: 256 },
      sbom: true,
      audit: { allow: [] },
      'containerfile-stage': 'before',
      framework: { name: 'builtin' },
      'release-output': 'release',
    });
  });

  test('an empty file says nothing', async () => {
    expect(await load({ yaml: '# nothing\n', flags: { flavor: 'debian' } })).toHaveProperty(
      'flavor',
      'debian',
    );
  });
});

describe('paths', () => {
  test('of releases are relative to what names them, and addresses and references stay', async () => {
    const home = temporaryDirectory();
    const yaml = 'flavor: debian\nrelease-output: ../out\nrelease-previous: old\n';
    expect(await load({ yaml, home })).toMatchObject({
      'release-output': join(home, '../out'),
      'release-previous': join(home, 'old'),
    });
    for (const place of ['https://example.com/v1', 'docker://example.com/os/release:v1']) {
      const flags = { 'release-previous': place };
      expect(await load({ yaml, home, flags })).toMatchObject(flags);
    }
  });

  test('of the file are relative to the file', async () => {
    const home = temporaryDirectory();
    const yaml = 'flavor: debian\nbase: dir:root\noutput: out\ncloud-config: ../c.yaml\noverlay-iso: /iso\n';
    expect(await load({ yaml, home })).toMatchObject({
      base: `${home}|dir:root`,
      output: join(home, 'out'),
      'cloud-config': resolve(home, '../c.yaml'),
      'overlay-iso': '/iso',
    });
  });

  test('of flags and of --set are relative to the working directory', async () => {
    const loaded = await load({
      yaml: 'flavor: debian\noutput: out\n',
      set: ['overlay-rootfs=tree', 'base=dir:root'],
      flags: { 'cloud-config': 'c.yaml' },
    });
    expect(loaded).toMatchObject({
      base: `${process.cwd()}|dir:root`,
      'overlay-rootfs': resolve('tree'),
      'cloud-config': resolve('c.yaml'),
    });
  });
});

describe('--set', () => {
  const flags = { flavor: 'debian' };

  test('reaches below keys and keeps their neighbours', async () => {
    const yaml = 'disk:\n  oem: 100\n  persistent: 200\n';
    expect(await load({ yaml, set: ['disk.oem=128'], flags })).toHaveProperty('disk', {
      oem: 128,
      persistent: 200,
    });
  });

  test('takes YAML as the value, with = in it too', async () => {
    const set = ['artifacts=[iso, raw]', 'packages=["vim"]', 'mirror=http://mirror/?a=b'];
    expect(await load({ set, flags })).toMatchObject({
      artifacts: ['iso', 'raw'],
      packages: ['vim'],
      mirror: 'http://mirror/?a=b',
    });
  });

  test.each(['version', '=x', '', '.=x', 'disk.=x', '.disk=x', 'disk..oem=1'])(
    'refuses "%s"',
    async (text) => {
      expect(await problem({ set: [text], flags })).toEqual([`--set ${text}: not of the form key=value`]);
    },
  );

  test('names itself for a value that is no YAML', async () => {
    const [message] = await problem({ set: ['packages=[vim'], flags });
    expect(message).toMatch(/^--set packages:1:\d+: /);
  });

  test('names itself for a value that is not allowed', async () => {
    expect(await problem({ yaml: 'disk:\n  persistent: 20\n', set: ['disk.oem=1'], flags })).toEqual([
      '--set disk.oem: disk.oem: too small: expected number to be >=16',
    ]);
  });

  test.each(['__proto__.polluted=1', 'constructor.prototype.polluted=1', 'disk.__proto__.polluted=1'])(
    'does not reach prototypes: %s',
    async (text) => {
      const messages = await problem({ set: [text], flags });
      expect(messages[0]).toMatch(/unknown key "(__proto__|constructor)"/);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
      expect((Object as unknown as Record<string, unknown>)['polluted']).toBeUndefined();
    },
  );
});

describe('a problem is told with its place', () => {
  test('an unknown key, with the one that was meant', async () => {
    expect(await problem({ yaml: 'flavor: debian\ncompresion: fast\n' })).toEqual([
      'f.yaml:2:1: unknown key "compresion" (did you mean "compression"?)',
    ]);
  });

  test('an unknown key below another', async () => {
    expect(await problem({ yaml: 'flavor: debian\ndisk:\n  persistant: 100\n' })).toEqual([
      'f.yaml:3:3: unknown key "persistant" (did you mean "persistent"?)',
    ]);
  });

  test('a value that is none of those allowed, with the one that was meant', async () => {
    expect(await problem({ yaml: 'flavor: debian\nartifacts:\n  - iso\n  - qcow\n' })).toEqual([
      'f.yaml:4:5: artifacts.1: "qcow" is none of oci, squashfs, iso, raw, qcow2 (did you mean "qcow2"?)',
    ]);
    expect(await problem({ flags: { flavor: 'debian', compression: 'fats' } })).toEqual([
      '--compression: compression: "fats" is none of fast, balanced, small (did you mean "fast"?)',
    ]);
  });

  test('a flag by the name that it has on the command line', async () => {
    const [message] = await problem({ flags: { flavor: 'debian', artifacts: ['is'] } });
    expect(message).toMatch(/^--artifact: artifacts\.0: "is" is none of .*did you mean "iso"/);
  });

  test('an empty flavor', async () => {
    expect(await problem({ yaml: 'flavor: ""\n' })).toEqual([
      expect.stringMatching(/^f\.yaml:1:1: flavor: /),
    ]);
  });

  test('a value of another type', async () => {
    const [message] = await problem({ yaml: 'flavor: debian\npackages: vim\n' });
    expect(message).toMatch(/^f\.yaml:2:1: packages: .*expected array/);
  });

  test('every problem, the first in front', async () => {
    const messages = await problem({ yaml: 'flavr: debian\ncompression: fats\n' });
    expect(messages).toHaveLength(2);
    expect(messages).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^f\.yaml:1:1: unknown key "flavr" \(did you mean "flavor"\?\)/),
        expect.stringMatching(/^f\.yaml:2:1: compression: /),
      ]),
    );
  });

  test('broken YAML', async () => {
    const [message] = await problem({ yaml: 'flavor: debian\n\tkernel: x\n' });
    expect(message).toMatch(/^f\.yaml:2:\d+: /);
  });

  test.each(['- flavor\n', 'just text\n'])('a file that is no mapping: %j', async (yaml) => {
    expect(await problem({ yaml })).toEqual([
      'f.yaml:1:1: the configuration is not a mapping of keys to values',
    ]);
  });

  test('a file that is not there', async () => {
    const file = join(temporaryDirectory(), 'missing.yaml');
    const sources = { file, set: [], flags: {} };
    const error = await failureOf(() => loadConfiguration(BuildConfiguration, sources, (text) => text));
    expect([error.kind, error.message]).toEqual([
      'usage',
      expect.stringContaining(`${file}: cannot be read`),
    ]);
  });
});
