import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadBuildSpec, loadBuildTargets } from '../../../../src/factory/config/build-spec.ts';
import { selectTargets } from '../../../../src/factory/config/matrix.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

async function load(yaml: string, more: { only?: string[]; set?: string[]; flags?: object } = {}) {
  const root = plant(temporaryDirectory(), { 'kairos-factory.yaml': yaml });
  const file = join(root, 'kairos-factory.yaml');
  const sources = { file, set: more.set ?? [], flags: { ...more.flags } };
  return { root, targets: await loadBuildTargets(sources, more.only ?? []) };
}

const names = async (yaml: string, more = {}) => (await load(yaml, more)).targets.map(({ name }) => name);

const MATRIX = `
flavor: debian
output: out
matrix:
  base: ["bootstrap:bookworm", "bootstrap:trixie"]
  kubernetes: [null, k3s@v1.34.1+k3s1]
`;

describe('a matrix', () => {
  test('is the product of its values; each target has a name and a directory', async () => {
    const { root, targets } = await load(MATRIX);
    expect(targets.map(({ name, spec }) => [name, spec.base, spec.variant])).toEqual([
      ['bootstrap-bookworm-no-kubernetes', 'bootstrap:bookworm', 'core'],
      ['bootstrap-bookworm-k3s-v1.34.1+k3s1', 'bootstrap:bookworm', 'standard'],
      ['bootstrap-trixie-no-kubernetes', 'bootstrap:trixie', 'core'],
      ['bootstrap-trixie-k3s-v1.34.1+k3s1', 'bootstrap:trixie', 'standard'],
    ]);
    expect(targets[0]?.spec.output).toBe(join(root, 'out/bootstrap-bookworm-no-kubernetes'));
  });

  test('omits the cells that exclude matches', async () => {
    expect(
      await names(`${MATRIX}  exclude:\n    - { base: "bootstrap:trixie", kubernetes: null }\n`),
    ).toEqual([
      'bootstrap-bookworm-no-kubernetes',
      'bootstrap-bookworm-k3s-v1.34.1+k3s1',
      'bootstrap-trixie-k3s-v1.34.1+k3s1',
    ]);
  });

  test('include adds to matching cells, or adds a new cell', async () => {
    const { targets } = await load(`
flavor: debian
matrix:
  base: ["bootstrap:bookworm", "bootstrap:trixie"]
  include:
    - { base: "bootstrap:trixie", kernel: cloud }
    - { base: "bootstrap:bullseye" }
    - { name: small, base: "bootstrap:trixie", compression: small }
`);
    expect(targets.map(({ name, spec }) => [name, spec.base, spec.kernel, spec.compression])).toEqual([
      ['bootstrap-bookworm', 'bootstrap:bookworm', 'generic', 'balanced'],
      ['bootstrap-trixie-cloud', 'bootstrap:trixie', 'cloud', 'balanced'],
      ['bootstrap-bullseye', 'bootstrap:bullseye', 'generic', 'balanced'],
      ['small', 'bootstrap:trixie', 'generic', 'small'],
    ]);
  });

  test('can be combined with named targets', async () => {
    const { root, targets } = await load(`
flavor: debian
artifacts: [iso]
matrix:
  kernel: [generic, cloud]
targets:
  - name: edge
    base: dir:root
    artifacts: [raw, qcow2]
  - artifacts: [oci]
    disk: { oem: 128 }
`);
    expect(targets.map(({ name }) => name)).toEqual(['generic', 'cloud', 'edge', 'oci-128']);
    expect(targets[2]?.spec).toMatchObject({ base: `dir:${root}/root`, artifacts: ['raw', 'qcow2'] });
    expect(targets[0]?.spec.artifacts).toEqual(['iso']);
  });

  test('--only accepts names and patterns, and still validates the other targets', async () => {
    expect(await names(MATRIX, { only: ['*trixie*'] })).toEqual([
      'bootstrap-trixie-no-kubernetes',
      'bootstrap-trixie-k3s-v1.34.1+k3s1',
    ]);
    const failure = await failureOf(() => load(MATRIX, { only: ['bookworm'] }), 'usage');
    expect(failure.message).toMatch(/--only: no target matches "bookworm"/);
    expect(failure.remedy).toContain('bootstrap-bookworm-no-kubernetes');
    const broken = 'flavor: debian\nmatrix:\n  kernel: [a, b]\n  arch: [amd64, vax]\n';
    await failureOf(() => load(broken, { only: ['*amd64'] }), 'usage');
    await failureOf(() => load('flavor: debian\n', { only: ['x'] }), 'usage');
  });

  test('a pattern is not a regular expression', () => {
    const targets = [{ name: 'a.b' }, { name: 'axb' }, { name: 'a+b' }];
    expect(selectTargets(targets, ['a.b'])).toEqual([{ name: 'a.b' }]);
    expect(selectTargets(targets, ['a?b', 'a+b'])).toEqual(targets);
  });

  test('flags apply to all targets, except for keys in which they differ', async () => {
    const { targets } = await load(MATRIX, { flags: { kernel: 'cloud' }, set: ['disk.oem=128'] });
    for (const { spec } of targets) expect(spec).toMatchObject({ kernel: 'cloud', disk: { oem: 128 } });
    const failure = await failureOf(() => load(MATRIX, { flags: { base: 'bootstrap:' } }), 'usage');
    expect(failure.message).toMatch(/"base" cannot be set on the command line/);
  });

  test.each([
    [
      'flavor: debian\nmatrix:\n  flavour: [a]\n',
      /yaml:3:13: unknown key "flavour" \(did you mean "flavor"\?\)/,
    ],
    ['flavor: debian\nmatrix:\n  arch: [amd64, vax]\n', /yaml:3:17: arch: "vax" is none of /],
    ['flavor: debian\nmatrix:\n  arch: amd64\n', /yaml:3:3: matrix\.arch: /],
    ['flavor: debian\nmatrix:\n  arch: []\n', /yaml:3:3: matrix\.arch: /],
    [
      'flavor: debian\ntargets:\n  - name: a\n    kernl: x\n',
      /yaml:4:5: unknown key "kernl" \(did you mean "kernel"/,
    ],
    [
      'flavor: debian\ntargets:\n  - { name: a }\n  - { name: A }\n',
      /yaml:4:5: another target has the name A/,
    ],
    ['flavor: debian\ntargets:\n  - { name: ../a }\n', /targets\.0\.name: "\.\.\/a" is not a valid name/],
    ['flavor: debian\ntargets:\n  - {}\n', /yaml:3:5: a target has neither values nor a name/],
    [
      'flavor: debian\nmatrix:\n  kernel: [a]\n  exclude: [{ kernel: b }]\n',
      /yaml:4:13: no cell of the matrix matches this/,
    ],
    ['flavor: debian\nmatrix:\n  kernel: [a]\n  exclude: [{ kernel: a }]\n', /the matrix has no targets/],
  ])('refuses %j', async (yaml, message) => {
    expect((await failureOf(() => load(yaml), 'usage')).message).toMatch(message);
  });

  test('a command for one build refuses several targets', async () => {
    const root = plant(temporaryDirectory(), { 'f.yaml': MATRIX });
    const failure = await failureOf(
      () => loadBuildSpec({ file: join(root, 'f.yaml'), set: [], flags: {} }),
      'usage',
    );
    expect(failure.message).toMatch(/has 4 targets, but this command needs exactly one/);
  });
});
