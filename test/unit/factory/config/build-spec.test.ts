import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { machineArch } from '../../../../src/common/contract/architectures.ts';
import { loadArtifactsSpec } from '../../../../src/factory/config/artifacts-spec.ts';
import { loadBuildSpec } from '../../../../src/factory/config/build-spec.ts';
import { NO_BUILDERS } from '../../../../src/factory/config/buildkit.ts';
import { loadLockSpec } from '../../../../src/factory/config/command-specs.ts';
import { Hooks } from '../../../../src/factory/config/hooks.ts';
import { failureOf } from '../../support/failure.ts';
import { DIRECTORY, plant, temporaryDirectory } from '../../support/temporary.ts';

/** What a configuration without hooks has. */
const NO_HOOKS = Hooks.parse({});

function withFlags(flags: Readonly<Record<string, unknown>>) {
  return loadBuildSpec({ set: [], flags: { flavor: 'debian', ...flags } });
}

describe('files and images to build from', () => {
  const home = () =>
    plant(temporaryDirectory(), { 'own/Containerfile': 'RUN true\n', 'kairos-init': '', 'other/x': '' });

  test('are relative to the configuration file', async () => {
    const place = plant(home(), {
      'f.yaml':
        'flavor: debian\ncontainerfile: own/Containerfile\ncontainerfile-stage: after\nkernel-from: oci:os:v1\n',
    });
    expect(await loadBuildSpec({ file: join(place, 'f.yaml'), set: [], flags: {} })).toMatchObject({
      containerfile: { file: join(place, 'own/Containerfile'), stage: 'after', context: join(place, 'own') },
      kernelFrom: `oci:${place}/os:v1`,
    });
  });

  test('the context of a Containerfile can be another directory', async () => {
    const place = home();
    const flags = {
      containerfile: join(place, 'own/Containerfile'),
      'containerfile-context': join(place, 'other'),
      output: join(place, 'other/build'),
      'release-output': join(place, 'releases'),
      'lock-file': join(place, 'other/lock'),
    };
    expect((await withFlags(flags)).containerfile).toEqual({
      file: join(place, 'own/Containerfile'),
      stage: 'before',
      context: join(place, 'other'),
      products: ['other/build', 'releases', 'other/lock'].map((path) => join(place, path)),
    });
  });

  test('kairos-init is a program or an image, in flags, --set and file', async () => {
    const place = plant(home(), {
      'f.yaml': 'flavor: debian\nframework:\n  name: kairos-init\n  source: kairos-init\n  version: v0.5.1\n',
    });
    const file = join(place, 'f.yaml');
    const program = { name: 'kairos-init', source: join(place, 'kairos-init'), version: 'v0.5.1' };
    expect((await loadBuildSpec({ file, set: [], flags: {} })).framework).toEqual(program);
    const set = [`framework.source=oci:${place}/layout`];
    expect((await loadBuildSpec({ file, set, flags: {} })).framework).toEqual({
      ...program,
      source: `oci:${place}/layout`,
    });
    const flags = { 'framework.source': `oci:${place}/other`, 'framework.version': '1.0.0' };
    expect((await loadBuildSpec({ file, set, flags })).framework).toEqual({
      name: 'kairos-init',
      source: `oci:${place}/other`,
      version: '1.0.0',
    });
  });

  test.each([
    [{ containerfile: '/nowhere/Containerfile' }, '/nowhere/Containerfile is not a file'],
    [{ 'containerfile-context': '/' }, 'containerfile-context needs a containerfile'],
    [{ 'containerfile-stage': 'late' }, '--containerfile-stage: containerfile-stage: "late" is none of'],
    [{ 'framework.name': 'kairos' }, '--framework: framework.name: "kairos" is none of'],
    [{ 'framework.name': 'kairos-init' }, 'framework kairos-init needs a source'],
    [{ 'framework.version': 'v1.0.0' }, 'framework-version do not apply to the builtin framework'],
    [
      { 'framework.name': 'kairos-init', 'framework.source': 'dir:/x', 'kernel-from': 'dir:/y' },
      'kernel-from cannot be combined with framework kairos-init',
    ],
    [
      { 'framework.name': 'kairos-init', 'framework.source': 'dir:/x', packages: ['vim'] },
      'packages cannot be combined with framework kairos-init',
    ],
  ])('%j is refused', async (flags, message) => {
    const error = await failureOf(() => withFlags(flags), 'usage');
    expect(error.message).toContain(message);
  });
});

describe('loadBuildSpec', () => {
  test('applies defaults, and makes paths and references absolute', async () => {
    const home = plant(temporaryDirectory(), {
      'f.yaml':
        'flavor: debian\nbase: oci:layout:v1\noutput: out\noverlay-rootfs: tree\ncloud-config: c.yaml\n',
      tree: DIRECTORY,
      'c.yaml': '#cloud-config\nusers: []\n',
    });
    const spec = await loadBuildSpec({ file: join(home, 'f.yaml'), set: [], flags: {} });
    expect(spec).toEqual({
      flavor: 'debian',
      release: undefined,
      base: `oci:${home}/layout:v1`,
      mirror: undefined,
      kernel: 'generic',
      model: 'generic',
      arch: machineArch(),
      variant: 'core',
      version: 'v0.0.0',
      packages: [],
      packageSets: [],
      kubernetes: undefined,
      bundles: [],
      artifacts: ['oci', 'squashfs', 'iso', 'raw', 'qcow2'],
      compression: 'balanced',
      ociCompression: 'zstd',
      engine: 'auto',
      buildkit: NO_BUILDERS,
      output: join(home, 'out'),
      registries: [],
      lockFile: join(home, 'kairos-factory.lock'),
      disk: { oem: 64, persistent: 256 },
      sbom: true,
      failOn: undefined,
      sizeBudget: undefined,
      builderId: undefined,
      audit: { allow: [] },
      cloudConfig: join(home, 'c.yaml'),
      overlayRootfs: join(home, 'tree'),
      overlayIso: undefined,
      containerfile: undefined,
      kernelFrom: undefined,
      netboot: false,
      hooks: NO_HOOKS,
      installPackages: true,
      framework: { name: 'builtin' },
      releaseOutput: resolve('release'),
      releasePrevious: undefined,
    });
  });

  test('builds into ./build by default', async () => {
    expect(await withFlags({})).toMatchObject({ base: undefined, output: resolve('build') });
  });

  test('resolves a flavor file relative to the configuration file, and keeps names', async () => {
    const home = plant(temporaryDirectory(), {
      'f.yaml': 'flavor: ./my.yaml\n',
      'g.yaml': 'flavor: ubuntu\n',
    });
    const load = (file: string) => loadBuildSpec({ file: join(home, file), set: [], flags: {} });
    expect((await load('f.yaml')).flavor).toBe(join(home, 'my.yaml'));
    expect((await load('g.yaml')).flavor).toBe('ubuntu');
    expect((await withFlags({ flavor: 'my.yaml' })).flavor).toBe(resolve('my.yaml'));
  });

  test.each([
    ['1.2.3', 'v1.2.3'],
    ['v1.2.3', 'v1.2.3'],
    ['v1.2.3-rc.1', 'v1.2.3-rc.1'],
    ['1.2.3+build.5', 'v1.2.3+build.5'],
  ])('normalises the version %s to %s', async (text, version) => {
    expect((await withFlags({ version: text })).version).toBe(version);
  });

  test.each(['1.2', 'latest', 'v1.2.3.4', '', 'v1.2.3"\nX="'])(
    'refuses the version "%s"',
    async (version) => {
      const error = await failureOf(() => withFlags({ version }));
      expect([error.kind, error.message]).toEqual([
        'usage',
        expect.stringContaining(' is not a semantic version such as v1.2.3'),
      ]);
    },
  );

  test('accepts the supported architectures only', async () => {
    for (const arch of ['amd64', 'arm64']) expect((await withFlags({ arch })).arch).toBe(arch);
    const error = await failureOf(() => withFlags({ arch: 'aarch64' }), 'usage');
    expect(error.message).toContain(
      '--arch: arch: "aarch64" is none of amd64, arm64 (did you mean "arm64"?)',
    );
  });

  test('refuses a base with an unknown prefix', async () => {
    const error = await failureOf(() => withFlags({ base: 'ocy:layout' }));
    expect([error.kind, error.message]).toEqual(['usage', expect.stringContaining('did you mean "oci"')]);
  });

  test('accepts the package names of distributions', async () => {
    const packages = ['vim', 'libstdc++6', 'NetworkManager', 'python3-semantic_version', 'gcc:arm64'];
    expect((await withFlags({ packages })).packages).toEqual(packages);
  });

  test('refuses invalid package names', async () => {
    const error = await failureOf(() => withFlags({ packages: ['vim', '--allow-anything'] }));
    expect([error.kind, error.message]).toEqual([
      'usage',
      '--packages: packages.1: "--allow-anything" is not a package name',
    ]);
  });

  test.each(['overlay-rootfs', 'overlay-iso'])('refuses an %s that is not a directory', async (key) => {
    const home = plant(temporaryDirectory(), { file: 'x' });
    for (const name of ['missing', 'file']) {
      const error = await failureOf(() => withFlags({ [key]: join(home, name) }));
      expect([error.kind, error.message]).toEqual(['usage', `${join(home, name)} is not a directory`]);
    }
  });
});

describe('a cloud-config', () => {
  async function withCloudConfig(text: string) {
    const file = join(plant(temporaryDirectory(), { 'c.yaml': text }), 'c.yaml');
    return { file, load: () => withFlags({ 'cloud-config': file }) };
  }

  test.each([
    '#cloud-config\nusers: []\n',
    '#kairos-config\n',
    '#node-config\n',
    '# a comment\n\n#cloud-config  \nusers: []\n',
    `${'#\n'.repeat(9)}#cloud-config\n`,
  ])('is accepted: %j', async (text) => {
    const { file, load } = await withCloudConfig(text);
    expect((await load()).cloudConfig).toBe(file);
  });

  test.each(['users: []\n', '', '# cloud-config\n', `${'#\n'.repeat(10)}#cloud-config\n`])(
    'without a header is refused: %j',
    async (text) => {
      const { file, load } = await withCloudConfig(text);
      const error = await failureOf(load);
      expect([error.kind, error.message]).toEqual(['usage', expect.stringContaining(`${file}:1:1: `)]);
      expect(error.message).toContain('#cloud-config');
    },
  );

  test('with a YAML error is refused with its position', async () => {
    const { file, load } = await withCloudConfig('#cloud-config\nusers:\n- [\n');
    const error = await failureOf(load);
    expect(error.kind).toBe('usage');
    expect(error.message).toMatch(/:[34]:\d+: /);
    expect(error.message).toContain(file);
  });

  test('that a node could not use is refused with every position', async () => {
    const { file, load } = await withCloudConfig('#cloud-config\neject-cd: 1\ninstall: {}\n');
    const error = await failureOf(load, 'usage');
    expect(error.message).toBe(`${file}:2:1: eject-cd: expected true or false, found 1`);
    expect(error.details).toEqual([expect.stringContaining(`${file}:3:1: an installation needs a user`)]);
    expect(error.remedy).toContain('docs/cloud-config.md');
  });

  test('with keys that the agent of the image does not support is refused, or causes a warning, or is accepted', async () => {
    const { file, load } = await withCloudConfig('#cloud-config\nverify: true\n');
    const problem = `${file}:2:1: verify is not supported: `;
    expect((await failureOf(load, 'usage')).message).toContain(problem);
    const warnings: string[] = [];
    const warn = (line: string) => void warnings.push(line);
    await loadArtifactsSpec({ set: [], flags: { image: 'oci:layout', 'cloud-config': file } }, warn);
    expect(warnings).toEqual([expect.stringContaining(problem)]);
    const flags = {
      'cloud-config': file,
      'framework.name': 'kairos-init',
      'framework.source': 'oci:kairos-init',
    };
    await loadBuildSpec({ set: [], flags: { flavor: 'debian', ...flags } }, warn);
    expect(warnings).toHaveLength(1);
  });

  test('with dubious values is accepted with warnings', async () => {
    const { file } = await withCloudConfig('#cloud-config\nhostnme: a\n');
    const warnings: string[] = [];
    const warn = (line: string) => void warnings.push(line);
    await loadBuildSpec({ set: [], flags: { flavor: 'debian', 'cloud-config': file } }, warn);
    await loadArtifactsSpec({ set: [], flags: { image: 'oci:layout', 'cloud-config': file } }, warn);
    const warning = `${file}:2:1: unknown key "hostnme" (did you mean "hostname"?)`;
    expect(warnings).toEqual([warning, warning]);
  });

  test('that is larger than a node reads is refused', async () => {
    const { load } = await withCloudConfig(`#cloud-config\n#${'x'.repeat(1024 * 1024)}\n`);
    const error = await failureOf(load);
    expect([error.kind, error.message]).toEqual(['usage', expect.stringContaining('larger than 1 MiB')]);
  });

  test('that does not exist is refused', async () => {
    const file = join(temporaryDirectory(), 'missing.yaml');
    const error = await failureOf(() => withFlags({ 'cloud-config': file }));
    expect([error.kind, error.message]).toEqual([
      'usage',
      expect.stringContaining(`${file}: cannot be read`),
    ]);
  });
});

describe('registries and the lock', () => {
  test('have paths relative to their source', async () => {
    const home = plant(temporaryDirectory(), {
      'f.yaml':
        'flavor: debian\nregistries: [{registry: quay.io, ca: ca.pem}]\nlock-file: locks/os.lock\nbase: debian:12\n',
    });
    const sources = { file: join(home, 'f.yaml'), set: [], flags: {} };
    const expected = {
      registries: [{ registry: 'quay.io', mirrors: [], insecure: false, ca: join(home, 'ca.pem') }],
      lockFile: join(home, 'locks/os.lock'),
    };
    expect(await loadBuildSpec(sources)).toMatchObject({
      ...expected,
      base: 'docker://docker.io/library/debian:12',
    });
    expect(await loadLockSpec(sources)).toMatchObject({
      ...expected,
      builds: [{ spec: { flavor: 'debian', base: 'docker://docker.io/library/debian:12' } }],
    });
    const set = ['registries=[{registry: quay.io, ca: ca.pem}]'];
    const { spec } = await loadArtifactsSpec({ set, flags: { image: 'quay.io/x/y:1' } });
    expect(spec.registries[0]?.ca).toBe(resolve('ca.pem'));
    expect(spec.lockFile).toBe(resolve('kairos-factory.lock'));
  });

  test('with a typo in a key are refused', async () => {
    const error = await failureOf(() => withFlags({ registries: [{ registry: 'quay.io', mirror: [] }] }));
    expect(error.message).toMatch(/unknown key "mirror" \(did you mean "mirrors"\?\)/);
  });

  test('can be loaded without a build', async () => {
    expect((await loadLockSpec({ set: [], flags: {} })).builds).toEqual([]);
  });
});

describe('loadArtifactsSpec', () => {
  test('needs an image', async () => {
    const error = await failureOf(() => loadArtifactsSpec({ set: [], flags: { image: undefined } }));
    expect([error.kind, error.message]).toEqual(['usage', '--image: image is missing']);
  });

  test('returns the image and the settings of its artifacts', async () => {
    const { image, spec } = await loadArtifactsSpec({
      set: ['disk.oem=100'],
      flags: { image: 'oci:layout', artifacts: ['iso'] },
    });
    expect(image).toBe(`oci:${resolve('layout')}`);
    expect(spec).toMatchObject({ artifacts: ['iso'], disk: { oem: 100, persistent: 256 } });
  });

  test('rejects keys of a build', async () => {
    const sources = { set: ['flavor=debian'], flags: { image: 'oci:layout' } };
    const error = await failureOf(() => loadArtifactsSpec(sources));
    expect([error.kind, error.message]).toEqual(['usage', expect.stringContaining('unknown key "flavor"')]);
  });
});
