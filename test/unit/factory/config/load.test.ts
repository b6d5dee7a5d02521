import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { NO_BUILDERS } from '../../../../src/factory/config/buildkit.ts';
import { Hooks } from '../../../../src/factory/config/hooks.ts';
import { loadConfiguration } from '../../../../src/factory/config/load.ts';
import { BuildConfiguration } from '../../../../src/factory/config/schema.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

/** What a configuration without hooks has. */
const NO_HOOKS = Hooks.parse({});

/** Loads a file with that text, if any; references include their base directory. */
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

/** The error message without the directory of the file. */
async function problem(parameters: Parameters<typeof load>[0]) {
  const home = temporaryDirectory();
  const error = await failureOf(() => load({ ...parameters, home }));
  expect(error.kind).toBe('usage');
  return [error.message, ...error.details].map((line) => line.replaceAll(`${home}/`, ''));
}

describe('precedence', () => {
  const yaml = 'flavor: debian\nkernel: file\nversion: v1.0.0\ncompression: small\n';

  test('--set overrides the file, and a flag overrides both', async () => {
    const set = ['kernel=set', 'version=v2.0.0'];
    const loaded = await load({ yaml, set, flags: { version: 'v3.0.0' } });
    expect(loaded).toMatchObject({
      flavor: 'debian',
      compression: 'small',
      kernel: 'set',
      version: 'v3.0.0',
    });
  });

  test('the later of two --set wins', async () => {
    expect(await load({ yaml, set: ['kernel=one', 'kernel=two'] })).toHaveProperty('kernel', 'two');
  });

  test('the file applies without a flag', async () => {
    expect(await load({ yaml, flags: { kernel: undefined } })).toHaveProperty('kernel', 'file');
  });

  test('the default applies when nothing is set', async () => {
    expect(await load({ yaml: 'flavor: debian' })).toEqual({
      flavor: 'debian',
      kernel: 'generic',
      netboot: false,
      hooks: NO_HOOKS,
      model: 'generic',
      version: 'v0.0.0',
      packages: [],
      'install-packages': true,
      'package-sets': [],
      buildkit: NO_BUILDERS,
      bundles: [],
      artifacts: ['oci', 'squashfs', 'iso', 'raw', 'qcow2'],
      compression: 'balanced',
      engine: 'auto',
      'oci-compression': 'zstd',
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

  test('an empty file sets nothing', async () => {
    expect(await load({ yaml: '# nothing\n', flags: { flavor: 'debian' } })).toHaveProperty(
      'flavor',
      'debian',
    );
  });
});

describe('paths', () => {
  test('of releases are relative to their source; URLs and references stay', async () => {
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

  test('sets nested keys and keeps their siblings', async () => {
    const yaml = 'disk:\n  oem: 100\n  persistent: 200\n';
    expect(await load({ yaml, set: ['disk.oem=128'], flags })).toHaveProperty('disk', {
      oem: 128,
      persistent: 200,
    });
  });

  test('parses the value as YAML, which may contain =', async () => {
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
      expect(await problem({ set: [text], flags })).toEqual([
        `--set ${text}: does not have the form key=value`,
      ]);
    },
  );

  test('is named in the error for invalid YAML', async () => {
    const [message] = await problem({ set: ['packages=[vim'], flags });
    expect(message).toMatch(/^--set packages:1:\d+: /);
  });

  test('is named in the error for an invalid value', async () => {
    expect(await problem({ yaml: 'disk:\n  persistent: 20\n', set: ['disk.oem=1'], flags })).toEqual([
      '--set disk.oem: disk.oem: 1 is too small; it must be at least 16',
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

describe('an error has its position', () => {
  test('an unknown key, with a suggestion', async () => {
    expect(await problem({ yaml: 'flavor: debian\ncompresion: fast\n' })).toEqual([
      'f.yaml:2:1: unknown key "compresion" (did you mean "compression"?)',
    ]);
  });

  test('an unknown key below another', async () => {
    expect(await problem({ yaml: 'flavor: debian\ndisk:\n  persistant: 100\n' })).toEqual([
      'f.yaml:3:3: unknown key "persistant" (did you mean "persistent"?)',
    ]);
  });

  test('an invalid value, with a suggestion', async () => {
    expect(await problem({ yaml: 'flavor: debian\nartifacts:\n  - iso\n  - qcow\n' })).toEqual([
      'f.yaml:4:5: artifacts.1: "qcow" is none of oci, squashfs, iso, raw, qcow2, vhd, gce, vmdk, ova, netboot (did you mean "qcow2"?)',
    ]);
    expect(await problem({ flags: { flavor: 'debian', compression: 'fats' } })).toEqual([
      '--compression: compression: "fats" is none of fast, balanced, small (did you mean "fast"?)',
    ]);
  });

  test('a flag, by its name on the command line', async () => {
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
    expect(message).toBe('f.yaml:2:1: packages: expected a list, found "vim"; write [vim]');
  });

  test('all problems, in order', async () => {
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

  test.each(['- flavor\n', 'just text\n'])('a file that is not a mapping: %j', async (yaml) => {
    expect(await problem({ yaml })).toEqual([
      'f.yaml:1:1: the configuration is not a mapping of keys to values',
    ]);
  });

  test('a missing file', async () => {
    const file = join(temporaryDirectory(), 'missing.yaml');
    const sources = { file, set: [], flags: {} };
    const error = await failureOf(() => loadConfiguration(BuildConfiguration, sources, (text) => text));
    expect([error.kind, error.message]).toEqual([
      'usage',
      expect.stringContaining(`${file}: cannot be read`),
    ]);
  });
});
