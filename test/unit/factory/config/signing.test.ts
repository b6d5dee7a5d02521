import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadArtifactsSpec } from '../../../../src/factory/config/artifacts-spec.ts';
import { loadBuildSpec } from '../../../../src/factory/config/build-spec.ts';
import { loadSigningSpec } from '../../../../src/factory/config/command-specs.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const fileWith = (text: string) => {
  const home = plant(temporaryDirectory(), { 'f.yaml': `flavor: debian\n${text}` });
  return { home, file: join(home, 'f.yaml') };
};
const load = (text: string, flags = {}, set: string[] = []) => {
  const { home, file } = fileWith(text);
  return { home, spec: loadBuildSpec({ file, set, flags }) };
};

describe('the key sign', () => {
  test('is a key or a mapping; paths are relative to the file, and other keys stay', async () => {
    const short = load('sign: release.key\n');
    expect((await short.spec).sign).toEqual({ key: join(short.home, 'release.key'), format: 'bundle' });
    const long = load(
      'sign: { key: awskms:///alias/os, password-file: p, signing-config: sc, format: both }\n',
    );
    expect((await long.spec).sign).toEqual({
      ...{ key: 'awskms:///alias/os', format: 'both' },
      ...{ 'password-file': join(long.home, 'p'), 'signing-config': join(long.home, 'sc') },
    });
    expect((await load('sign: keyless\n').spec).sign?.key).toBe('keyless');
    expect((await load('').spec).sign).toBeUndefined();
  });

  test('as a flag keeps the rest of the mapping in the file', async () => {
    const { home, spec } = load('sign: { key: a.key, password-file: p }\n', { 'sign.key': 'env://B' });
    expect((await spec).sign).toMatchObject({ key: 'env://B', 'password-file': join(home, 'p') });
    const flags = { image: 'oci:x', 'sign.key': 'k' };
    expect((await loadArtifactsSpec({ set: ['sign.format=classic'], flags })).spec.sign).toEqual({
      key: join(process.cwd(), 'k'),
      format: 'classic',
    });
  });

  test('is loaded by the command sign, with the registries', async () => {
    const { home, file } = fileWith('sign: a.key\nregistries: [{ registry: "r.test", insecure: true }]\n');
    expect(await loadSigningSpec({ file, set: [], flags: {} })).toMatchObject({
      sign: { key: join(home, 'a.key') },
      registries: [{ registry: 'r.test', insecure: true }],
    });
  });

  test.each([
    ['sign: { key: a, password-file: b, password-env: C }\n', 'cannot be combined with password-env'],
    ['sign: { key: a, password-env: "a b" }\n', 'is not a valid variable name'],
    ['sign: { key: a, password: hush }\n', 'unknown key "password"'],
    ['sign: { format: both }\n', 'sign.key is missing'],
    ['sign: { key: a, format: gpg }\n', '"gpg" is none of bundle, classic, both'],
  ])('refuses %j', async (text, message) => {
    expect((await failureOf(() => load(text).spec, 'usage')).message).toContain(message);
  });
});

describe('the key trust', () => {
  test('has paths relative to the file', async () => {
    const { home, spec } = load(
      'trust:\n  base: { keys: [a.pub], identities: [{ identity: "x/*", issuer: i }], trusted-root: root.json }\n' +
        '  upgrade: [{ match: "registry.test/os/*", keys: [b.pub], threshold: 1 }]\n',
    );
    expect((await spec).trust).toEqual({
      base: {
        keys: [join(home, 'a.pub')],
        identities: [{ identity: 'x/*', issuer: 'i' }],
        'trusted-root': join(home, 'root.json'),
        threshold: 1,
      },
      upgrade: [{ match: 'registry.test/os/*', keys: [join(home, 'b.pub')], threshold: 1 }],
    });
    const set = ['trust.base.keys=[c.pub]'];
    expect((await load('', {}, set).spec).trust?.base?.keys).toEqual([join(process.cwd(), 'c.pub')]);
  });

  test.each([
    ['base: {}', 'lists neither keys nor identities'],
    ['base: { identities: [{ identity: a, issuer: b }] }', 'without a trusted-root'],
    ['base: { keys: [a], threshold: 0 }', 'threshold'],
    ['base: { key: a }', 'unknown key "key" (did you mean "keys"?)'],
    ['upgrade: []', 'upgrade'],
    ['upgrade: [{ match: "https://x/y", keys: [a] }]', 'must be REGISTRY/REPOSITORY'],
    ['upgrade: [{ match: "r.test/os", keys: [] }]', 'needs at least one key'],
  ])('refuses %j', async (text, message) => {
    const error = await failureOf(() => load(`trust: { ${text} }\n`).spec, 'usage');
    expect(error.message).toContain(message);
    expect(error.message).toMatch(/f\.yaml:2:\d+/);
  });
});
