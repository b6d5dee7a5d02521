import { expect, test } from 'vitest';
import { chooseBase, chooseFlavor } from '../../../../../src/factory/catalog/flavors/choose.ts';
import { openFlavor } from '../../../../../src/factory/catalog/flavors/load.ts';
import { FLAVORS } from '../../../../../src/factory/pipeline/project-files.ts';
import { failureOf } from '../../../support/failure.ts';

const debian = await openFlavor(FLAVORS, 'debian');
const ubuntu = await openFlavor(FLAVORS, 'ubuntu');
const NOTHING = { base: undefined, release: undefined, mirror: undefined };
const MIRROR = 'http://mirror.example.com/ubuntu';

const bootstrapped = (flavor: string, suite: string, components = ['main']) => ({
  kind: 'bootstrap',
  flavor,
  suite,
  components,
});
const image = (reference: string) => ({ kind: 'reference', reference });

test.each([
  ['its default release', debian, {}, bootstrapped('debian', 'bookworm')],
  ['a release', debian, { release: 'trixie' }, bootstrapped('debian', 'trixie')],
  ['a release by its version', debian, { release: '11' }, bootstrapped('debian', 'bullseye')],
  ['bootstrap:', debian, { base: 'bootstrap:' }, bootstrapped('debian', 'bookworm')],
  [
    'bootstrap: with a release',
    debian,
    { base: 'bootstrap:', release: 'sid' },
    bootstrapped('debian', 'sid'),
  ],
  [
    'bootstrap:RELEASE, which has precedence',
    debian,
    { base: 'bootstrap:trixie', release: 'sid' },
    bootstrapped('debian', 'trixie'),
  ],
  ['the image of its default release', ubuntu, {}, image('docker.io/library/ubuntu:24.04')],
  ['the image of a release', ubuntu, { release: '22.04' }, image('docker.io/library/ubuntu:22.04')],
  ['a release by its code name', ubuntu, { release: 'jammy' }, image('docker.io/library/ubuntu:22.04')],
  [
    'packages of a mirror',
    ubuntu,
    { release: '22.04', mirror: MIRROR },
    bootstrapped('ubuntu', 'jammy', ['main', 'universe']),
  ],
  ['a base, which wins', ubuntu, { base: 'dir:/x', release: '22.04', mirror: MIRROR }, image('dir:/x')],
  ['a base and no flavor', undefined, { base: 'tar:/x.tar' }, image('tar:/x.tar')],
])('a build starts from %s', (_, named, request, expected) => {
  expect(chooseBase(named, { ...NOTHING, ...request })).toEqual(expected);
});

test('refuses a build without flavor and base', async () => {
  for (const base of [undefined, 'bootstrap:', 'bootstrap:bookworm']) {
    const error = await failureOf(() => chooseBase(undefined, { ...NOTHING, base }), 'usage');
    expect(error.message).toBe('neither a flavor nor a base image is given');
    expect(error.remedy).toContain('--flavor');
  }
});

test('refuses an unknown release, with a suggestion', async () => {
  const error = await failureOf(() => chooseBase(ubuntu, { ...NOTHING, release: '24.4' }), 'usage');
  expect(error.message).toBe('flavor ubuntu has no release "24.4" (did you mean "24.04"?)');
});

test('the error for a flavor without bootstrap says what to start from', async () => {
  const { bootstrap: _, ...flavor } = ubuntu.flavor;
  const named = { ...ubuntu, flavor };
  const error = await failureOf(() => chooseBase(named, { ...NOTHING, base: 'bootstrap:22.04' }), 'usage');
  expect(error.message).toBe('flavor ubuntu cannot be bootstrapped');
  expect(error.remedy).toContain('docker.io/library/ubuntu:22.04');
  expect(chooseBase(named, { ...NOTHING, mirror: MIRROR })).toEqual(image('docker.io/library/ubuntu:24.04'));
});

test('without a name, the flavor is detected from the base', async () => {
  const choice = await chooseFlavor(FLAVORS, undefined);
  expect(choice.named).toBeUndefined();
  expect(choice.forBase({ ID: 'ubuntu', VERSION_ID: '22.04' }).loaded.flavor.name).toBe('ubuntu');
  const named = await chooseFlavor(FLAVORS, 'debian');
  await failureOf(() => named.forBase({ ID: 'fedora', VERSION_ID: '42' }), 'usage');
});
