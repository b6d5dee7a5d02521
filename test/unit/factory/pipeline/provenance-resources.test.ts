import { createHash } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chooseFlavor } from '../../../../src/factory/catalog/flavors/choose.ts';
import { loadArtifactsSpec } from '../../../../src/factory/config/artifacts-spec.ts';
import { loadBuildSpec } from '../../../../src/factory/config/build-spec.ts';
import type { BuildEnvironment } from '../../../../src/factory/pipeline/build-environment.ts';
import { FLAVORS, MODELS, TEMPLATES } from '../../../../src/factory/pipeline/project-files.ts';
import type { StepResult } from '../../../../src/factory/pipeline/step.ts';
import {
  buildResources,
  readyResources,
} from '../../../../src/factory/pipeline/steps/provenance-resources.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const DIGEST = sha256('manifest');
const INDEX = sha256('index');
const BASE = {
  image: 'localhost/base',
  osRelease: { ID: 'debian', VERSION_ID: '12', VERSION_CODENAME: 'bookworm' },
  traits: {
    shell: true,
    lacksPrograms: [],
    openrc: false,
    systemd: true,
    bootLoader: true,
    ownLib: false,
    lacks: [],
    newest: 1,
  },
  archive: {
    date: 1,
    indexes: [{ url: 'http://ann:secret@deb.example/InRelease', sha256: sha256('InRelease') }],
  },
};

function world(home: string) {
  plant(home, {
    agent: 'agent',
    'c.yaml': '#cloud-config\nhostname: x\n',
    'tree/etc/motd': 'hello',
    'context/Containerfile': 'RUN true\n',
    'context/file': 'one',
    'bundle.tar': 'bundle',
  });
  const images = {
    pin: async () => ({
      reference: 'x',
      digest: `sha256:${INDEX}`,
      platform: 'linux/amd64',
      manifest: `sha256:${DIGEST}`,
    }),
  };
  const env = {
    flavors: FLAVORS,
    models: MODELS,
    templates: TEMPLATES,
    images,
    agent: () => join(home, 'agent'),
    digests: join(home, 'digests'),
  } as unknown as BuildEnvironment;
  const flags = {
    flavor: 'debian',
    arch: 'amd64',
    containerfile: join(home, 'context/Containerfile'),
    'cloud-config': join(home, 'c.yaml'),
    'overlay-rootfs': join(home, 'tree'),
  };
  const results = new Map<string, StepResult>([['base', { digest: '', facts: BASE, files: {} }]]);
  const resources = async (more: Record<string, unknown>, file?: string) => {
    const named = file === undefined ? {} : { file };
    const spec = await loadBuildSpec({ ...named, set: [], flags: { ...flags, ...more } });
    return buildResources(env, { spec, choice: await chooseFlavor(FLAVORS, 'debian') }, results);
  };
  return { env, resources };
}

describe('the inputs of a build', () => {
  test('have the hooks of all stages, and what these read', async () => {
    const home = plant(temporaryDirectory(), {
      'hooks/harden.sh': '#!/bin/sh\nharden\n',
      'hooks/publish.sh': '#!/bin/sh\npublish\n',
      'hooks/rules/one': 'rule',
      'hooks/list': 'list',
      'hooks.yaml': [
        'hooks:',
        '  after-packages:',
        '    - run: hooks/harden.sh',
        '      inputs: [hooks/rules, hooks/list]',
        '  after-artifacts: [hooks/publish.sh]',
        '',
      ].join('\n'),
    });
    for (const name of ['harden', 'publish']) chmodSync(join(home, `hooks/${name}.sh`), 0o755);
    const { resources } = world(home);
    const hooks = async () =>
      (await resources({}, join(home, 'hooks.yaml'))).filter(({ name }) => name?.includes('hook'));
    const found = await hooks();
    expect(found).toMatchObject([
      { name: 'hook after-packages', uri: 'harden.sh', digest: { sha256: sha256('#!/bin/sh\nharden\n') } },
      { name: 'input of hook after-packages', uri: 'rules', annotations: { content: 'tree' } },
      { name: 'input of hook after-packages', uri: 'list', digest: { sha256: sha256('list') } },
      { name: 'hook after-artifacts', uri: 'publish.sh', digest: { sha256: sha256('#!/bin/sh\npublish\n') } },
    ]);
    expect(JSON.stringify(found)).not.toContain(home);
    writeFileSync(join(home, 'hooks/rules/one'), 'changed');
    expect(
      (await hooks()).map(({ digest }, index) => digest?.['sha256'] === found[index]?.digest?.['sha256']),
    ).toEqual([true, false, true, true]);
  });

  test('are complete, with digests and without paths and passwords', async () => {
    const home = temporaryDirectory();
    const found = await world(home).resources({ base: 'docker://registry.example/os/debian:12' });
    expect(found.map(({ name }) => name)).toEqual([
      'base',
      'package archive',
      'flavor',
      'flavor',
      'model',
      ...['build', 'image', 'kubernetes'].map((part) => `framework: templates/${part}`),
      'agent',
      'containerfile',
      'containerfile context',
      'cloud-config',
      'overlay-rootfs',
    ]);
    expect(found[0]).toEqual({
      name: 'base',
      uri: 'oci://registry.example/os/debian:12',
      digest: { sha256: DIGEST },
      annotations: { index: `sha256:${INDEX}` },
    });
    expect(found).toContainEqual({ name: 'agent', digest: { sha256: sha256('agent') } });
    expect(found).toContainEqual(expect.objectContaining({ uri: 'http://deb.example/InRelease' }));
    expect(found).toContainEqual(expect.objectContaining({ name: 'flavor', uri: 'debian.yaml' }));
    for (const { name, digest } of found) expect(digest?.['sha256'], name).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(found)).not.toContain(home);
    expect(JSON.stringify(found)).not.toContain('secret');
  });

  test('have digests that depend on the content and not on the directory', async () => {
    const one = temporaryDirectory();
    const two = temporaryDirectory();
    const { resources } = world(one);
    const base = { base: `tar:${join(one, 'bundle.tar')}` };
    const before = await resources(base);
    expect(await world(two).resources({ base: `tar:${join(two, 'bundle.tar')}` })).toEqual(before);
    const changed = async (path: string) => {
      const old = await resources(base);
      writeFileSync(join(one, path), 'changed');
      const now = await resources(base);
      return now
        .filter((entry, index) => JSON.stringify(entry) !== JSON.stringify(old[index]))
        .map(({ name }) => name);
    };
    expect(await changed('tree/etc/motd')).toEqual(['overlay-rootfs']);
    expect(await changed('context/file')).toEqual(['containerfile context']);
    expect(await changed('bundle.tar')).toEqual(['base']);
  });
});

test('the inputs of artifacts are the image and the overlays', async () => {
  const home = temporaryDirectory();
  const { env } = world(home);
  const { spec } = await loadArtifactsSpec({
    set: [],
    flags: { image: `dir:${join(home, 'tree')}`, 'overlay-iso': join(home, 'tree') },
  });
  const found = await readyResources(env, spec, {
    image: { kind: 'dir', path: join(home, 'tree') },
    arch: 'amd64',
  });
  expect(found.map(({ name, uri }) => [name, uri])).toEqual([
    ['OS image', 'dir:tree'],
    ['overlay-iso', undefined],
  ]);
  expect(found[0]?.digest).toEqual(found[1]?.digest);
});
