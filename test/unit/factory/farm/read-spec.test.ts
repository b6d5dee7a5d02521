import { describe, expect, test } from 'vitest';
import { farmDefinitions } from '../../../../src/factory/farm/definition.ts';
import { readSpec } from '../../../../src/factory/farm/read-spec.ts';
import { artifactOf, SPEC } from './cluster.ts';
import { EXAMPLES, exampleOf } from './fixtures.ts';

test.each(EXAMPLES)('the example %s can be built', (file) => {
  expect(readSpec(exampleOf(file))).toBeTypeOf('object');
});

const build = SPEC.image;
const ref = { ref: 'registry.example.com/os:1' };
const iso = { iso: true };
const exporter = (spec: object) => ({
  template: { spec: { containers: [{ name: 'a', image: 'b' }], ...spec } },
});

describe('a spec is refused', () => {
  test.each<[string, object, string]>([
    ['without a source', { artifacts: iso }, 'exactly one of image.ref'],
    ['with two sources', { image: { ...build, ...ref }, artifacts: iso }, 'exactly one of image.ref'],
    [
      'with a build that has no name',
      { image: { buildOptions: build.buildOptions }, artifacts: iso },
      'image.buildImage is required',
    ],
    [
      'with half a name',
      { image: { ...build, buildImage: { registry: 'a', tag: 'b' } } },
      'spec.image.buildImage.repository',
    ],
    [
      'with a name for an image that is there',
      { image: { ...ref, buildImage: build.buildImage }, artifacts: iso },
      'image.buildImage needs',
    ],
    ['with a push of nothing', { image: { ...ref, push: true }, artifacts: iso }, 'image.push needs'],
    [
      'with a registry that is not used',
      { image: { ...build, push: false, pushInsecureRegistry: true }, artifacts: iso },
      'pushInsecureRegistry needs',
    ],
    [
      'with a distribution without a version',
      {
        image: { ...build, buildOptions: { ...build.buildOptions, kubernetesDistro: 'k3s' } },
        artifacts: iso,
      },
      'need each other',
    ],
    ['with ref and no artifacts', { image: ref }, 'artifacts is required for image.ref'],
    [
      'with artifacts that are none',
      { image: ref, artifacts: { arch: 'amd64' } },
      'artifacts needs at least one output',
    ],
    ['with a build of nothing', { image: { ...build, push: false } }, 'at least one output is required'],
    [
      'with UKIs without keys',
      { image: ref, artifacts: { uki: { iso: true } } },
      'artifacts.uki.keysVolume is required',
    ],
    ['with two claims', { image: ref, artifacts: { ...iso, volume: {} }, volume: {} }, 'exclude each other'],
    [
      'with a reserved volume',
      { ...SPEC, volumes: [{ name: 'rootfs', emptyDir: {} }] },
      'volumes has a reserved name',
    ],
    [
      'with a volume of ours',
      { ...SPEC, volumes: [{ name: 'kairos-factory-work' }] },
      'volumes has a reserved name',
    ],
    ['with targets of no configuration', { ...SPEC, factory: { targets: ['a'] } }, 'factory.targets needs'],
    [
      'with an overlay that is not declared',
      { image: ref, artifacts: { ...iso, overlayISOVolume: 'a' } },
      'artifacts.overlayISOVolume names',
    ],
    [
      'with a root overlay that is not declared',
      { image: ref, artifacts: { ...iso, overlayRootfsVolume: 'a' } },
      'artifacts.overlayRootfsVolume names',
    ],
    [
      'with certificates that are not declared',
      { image: { ...ref, caCertificatesVolume: 'a' }, artifacts: iso },
      'image.caCertificatesVolume names',
    ],
    ['with a field that does not exist', { ...SPEC, isos: true }, 'isos'],
    ['with a name that is not one', { ...SPEC, nameOverride: { iso: 'My_ISO' } }, 'spec.nameOverride.iso'],
    [
      'with a cache that is not a repository',
      { ...SPEC, factory: { cache: 'registry.example.com/a' } },
      'spec.factory.cache',
    ],
    [
      'with Trusted Boot',
      { image: { ...build, buildOptions: { ...build.buildOptions, trustedBoot: true } } },
      'image.buildOptions.trustedBoot is not supported',
    ],
    [
      'with FIPS',
      { image: { ...build, buildOptions: { ...build.buildOptions, fips: true } } },
      'image.buildOptions.fips is not supported',
    ],
    [
      'with UKIs',
      { image: ref, artifacts: { uki: { iso: true, keysVolume: 'k' } }, volumes: [{ name: 'k' }] },
      'artifacts.uki is not supported',
    ],
    [
      'with a size of the disk',
      { image: ref, artifacts: { ...iso, diskSize: '1' } },
      'artifacts.diskSize is not supported',
    ],
    [
      'with an address for netboot',
      { image: ref, artifacts: { ...iso, netbootURL: 'http://a' } },
      'artifacts.netbootURL is not supported',
    ],
    [
      'with a menu',
      { image: ref, artifacts: { ...iso, grubConfig: 'a' } },
      'artifacts.grubConfig is not supported',
    ],
    [
      'with a release file',
      { image: ref, artifacts: { ...iso, osRelease: 'a' } },
      'artifacts.osRelease is not supported',
    ],
    [
      'with another release file',
      { image: ref, artifacts: { ...iso, kairosRelease: 'a' } },
      'artifacts.kairosRelease is not supported',
    ],
    [
      'with bundles for a finished image',
      { image: ref, artifacts: { ...iso, bundles: ['a'] } },
      'artifacts.bundles is not supported',
    ],
    [
      'with artifacts besides a configuration',
      { factory: { configuration: { name: 'a', key: 'b' } }, artifacts: iso },
      'artifacts is not supported with factory.configuration',
    ],
    [
      'with a directory of a node',
      { ...SPEC, volumes: [{ name: 'a', hostPath: { path: '/' } }] },
      'volumes[0].hostPath is not supported',
    ],
    [
      'with an importer of our name',
      { ...SPEC, importers: [{ name: 'build', image: 'a' }] },
      'importers[0].name is reserved',
    ],
    [
      'with a privileged importer',
      { ...SPEC, importers: [{ name: 'a', image: 'a', securityContext: { privileged: true } }] },
      'importers[0]: a privileged container',
    ],
    [
      'with an importer of an undeclared volume',
      { ...SPEC, importers: [{ name: 'a', image: 'a', volumeMounts: [{ name: 'b' }] }] },
      'importers[0] names the volume b',
    ],
    [
      'with an exporter in the network of the node',
      { ...SPEC, exporters: [exporter({ hostNetwork: true })] },
      'exporters[0]: hostNetwork is not supported',
    ],
    [
      'with an exporter that takes files of the node',
      { ...SPEC, exporters: [exporter({ volumes: [{ name: 'a', hostPath: {} }] })] },
      'exporters[0].hostPath is not supported',
    ],
    [
      'with a variable of ours',
      { ...SPEC, image: { ...build, buildEnv: [{ name: 'DOCKER_CONFIG', value: 'a' }] } },
      'image.buildEnv must not set DOCKER_CONFIG',
    ],
  ])('%s', (_, spec, message) => {
    expect(readSpec(artifactOf(spec))).toContain(message);
  });
});

test('the definition has upstream’s columns, and no field of the spec without a type', () => {
  const [definition] = farmDefinitions();
  const text = JSON.stringify(definition);
  expect(text).toContain('"name":"Phase"');
  expect(text).toContain('"name":"Age"');
  expect(text).not.toContain('"additionalProperties":false');
});
