import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AgentCommand } from '../../../../src/agent/commands/agent-command.ts';
import { installBundleCommand } from '../../../../src/agent/commands/install-bundle.ts';
import { pullImageCommand } from '../../../../src/agent/commands/pull-image.ts';
import { confextCommand, sysextCommand } from '../../../../src/agent/commands/sysext.ts';
import { runInstall } from '../../../../src/agent/deploy/install.ts';
import { runReset } from '../../../../src/agent/deploy/reset.ts';
import { runUpgrade } from '../../../../src/agent/deploy/upgrade.ts';
import { installBundle } from '../../../../src/agent/extensions/install-bundle.ts';
import { unpackImagesPlugin } from '../../../../src/agent/stages/plugins/unpack-images.ts';
import type { Host } from '../../../../src/common/host/host.ts';
import { PROJECT } from '../../../support/factory.ts';
import { sha256, type TestImage, testImage } from '../../common/oci/layers/support/test-image.ts';
import { realFetch, type TestRegistry, testRegistry } from '../../common/oci/layers/support/test-registry.ts';
import { type Signer, signer, simpleSigning } from '../../common/trust/support/signer.ts';
import { slotNode } from '../support/slot-node.ts';
import type { TestHost } from '../support/test-host.ts';

const release = signer('release.pub');
const image = testImage([[{ name: 'file', content: 'x' }]]);
const out = () => undefined;
const ADMIN = { users: [{ name: 'a', groups: ['admin'] }] };
let registry: TestRegistry;
let reference: string;
let node: TestHost | undefined;
/** Requests of earlier tests. */
let seen = 0;

beforeAll(async () => {
  registry = await testRegistry();
  registry.add('v1', image);
  reference = `${registry.address}/os:v1`;
});
afterEach(async () => {
  await node?.[Symbol.asyncDispose]();
  node = undefined;
  seen = registry.seen.length;
});
afterAll(() => registry[Symbol.asyncDispose]());

/** A node whose network is real, and whose files belong to root. */
async function nodeWith(files: Readonly<Record<string, string>>, inRecovery = false): Promise<Host> {
  const made = await slotNode(inRecovery ? { booted: 'COS_SYSTEM kairos.reset' } : {});
  node = made.host;
  for (const [path, text] of Object.entries(files)) await node.write(path, text);
  const { stat } = node;
  return {
    ...node,
    fetch: (url, request = {}) => realFetch(url, request),
    stat: async (path, options) => {
      const found = await stat(path, options);
      return found && { ...found, uid: 0 };
    },
  };
}

function policy(entry: string): Record<string, string> {
  return {
    '/etc/kairos/trust/policy.yaml': `repositories:\n  - {match: "${registry.address}/**", ${entry}}\n`,
    '/etc/kairos/trust/release.pub': release.pem,
  };
}

function call(command: AgentCommand, ...args: readonly string[]) {
  return (host: Host) => command({ host, out }).exitOverride().parseAsync(args, { from: 'user' });
}

/** Every way from a registry onto the node. */
const ROUTES: Readonly<Record<string, (host: Host) => Promise<unknown>>> = {
  upgrade: (host) => runUpgrade({ host, out }, { config: {}, source: `oci:${reference}` }),
  'upgrade of the recovery system': (host) =>
    runUpgrade({ host, out }, { config: {}, source: `oci:${reference}`, recovery: true }),
  installation: (host) =>
    runInstall({ host, out }, { config: ADMIN, configText: '', source: `oci:${reference}` }),
  'recovery system of an installation': (host) => {
    const install = { 'recovery-system': { uri: `oci:${reference}` } };
    return runInstall({ host, out }, { config: { ...ADMIN, install }, configText: '', source: 'dir:/oem' });
  },
  reset: (host) => runReset({ host, out }, { config: { reset: { system: { source: `oci:${reference}` } } } }),
  'install-bundle run:': (host) => call(installBundleCommand, `run://${reference}`)(host),
  'install-bundle docker:': (host) => call(installBundleCommand, `docker://${reference}`)(host),
  'bundles of a configuration': (host) => installBundle(host, { targets: [`container://${reference}`] }),
  'sysext install': (host) => call(sysextCommand, 'install', `oci:${reference}`)(host),
  'confext install': (host) => call(confextCommand, 'install', `docker:${reference}`)(host),
  unpack_images: (host) =>
    unpackImagesPlugin.run({ host, expand: async (text) => text, step: {} }, [
      { source: reference, target: '/target' },
    ]),
  'pull-image': (host) => call(pullImageCommand, reference, '/target')(host),
};

/** Layers that were fetched. */
function layersFetched(): string[] {
  const layers = image.layers.map(({ digest }) => digest);
  return registry.seen
    .slice(seen)
    .map(({ path }) => path)
    .filter((path) => layers.some((digest) => path.endsWith(digest)));
}

describe('an image that the trust policy refuses', () => {
  test.each(Object.keys(ROUTES))('is neither fetched nor run: %s', async (name) => {
    const host = await nodeWith(policy('keys: [release.pub]'), name === 'reset');
    await expect(ROUTES[name]?.(host)).rejects.toMatchObject({ code: 'SIGNATURE_REFUSED' });
    expect(layersFetched()).toEqual([]);
    const changes = node?.commands().filter((line) => /^(sh|mke2fs|sfdisk|wipefs|cp) /.test(line));
    expect(changes).toEqual([]);
    expect(await host.stat('/target')).toBeUndefined();
  });

  test.each(['upgrade', 'installation', 'install-bundle run:', 'sysext install', 'unpack_images'])(
    'is refused when no entry names its repository: %s',
    async (name) => {
      const files = policy('keys: [release.pub]');
      const elsewhere = Object.fromEntries(
        Object.entries(files).map(([path, text]) => [path, text.replace(registry.address, 'r.test')]),
      );
      const host = await nodeWith(elsewhere);
      await expect(ROUTES[name]?.(host)).rejects.toMatchObject({ code: 'TRUST_POLICY_SILENT' });
    },
  );
});

describe('an exception from the trust policy is explicit and logged', () => {
  test('as an entry of the policy', async () => {
    const host = await nodeWith(policy('unsigned: true'));
    await ROUTES['unpack_images']?.(host);
    expect(await host.readText('/target/file')).toBe('x');
    expect(node?.logged.join('\n')).toMatch(
      /warn .*is accepted without a signature, because .*policy\.yaml:2:5/,
    );
  });

  test.each([
    ['install-bundle', installBundleCommand, ['--root-path', '/target', 'docker://']],
    ['pull-image', pullImageCommand, []],
  ] as const)('as a flag: %s', async (_, command, args) => {
    const host = await nodeWith(policy('keys: [release.pub]'));
    const [flags, scheme] = [args.slice(0, -1), args.at(-1) ?? ''];
    const target = scheme === '' ? ['/target'] : [];
    await call(command, '--insecure-skip-verify', ...flags, `${scheme}${reference}`, ...target)(host);
    expect(await host.readText('/target/file')).toBe('x');
    expect(node?.logged.join('\n')).toContain('IS NOT VERIFIED, because of --insecure-skip-verify');
  });
});

test('without a policy, images are taken and the log says so', async () => {
  const host = await nodeWith({});
  await ROUTES['unpack_images']?.(host);
  expect(await host.readText('/target/file')).toBe('x');
  expect(node?.logged.join('\n')).toContain('this node has no trust policy');
});

/** Stores a signature in the form of cosign before version 3. */
function sign({ digest }: TestImage, by: Signer): void {
  const payload = Buffer.from(simpleSigning(digest));
  registry.blobs.set(sha256(payload), payload);
  const layer = {
    mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
    digest: sha256(payload),
    size: payload.length,
    annotations: { 'dev.cosignproject.cosign/signature': by.sign(payload).toString('base64') },
  };
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = { schemaVersion: 2, mediaType, config: layer, layers: [layer] };
  registry.addManifest(`${digest.replace(':', '-')}.sig`, Buffer.from(JSON.stringify(manifest)));
}

describe('cosign and cosign-key of a configuration', () => {
  const KEYS = { '/oem/release.pub': release.pem, '/oem/other.pub': signer('other.pub').pem };
  const CONFIG = { cosign: true, 'cosign-key': '/oem/release.pub' };
  const upgrade = (host: Host, config: object) =>
    runUpgrade({ host, out }, { config: { ...config }, source: `oci:${reference}` });

  test.each([
    ['an unsigned image', CONFIG, 'SIGNATURE_REFUSED'],
    ['a key alone', { 'cosign-key': '/oem/release.pub' }, 'SIGNATURE_REFUSED'],
    ['a switch that is written as text', { ...CONFIG, cosign: 'yes' }, 'SIGNATURE_REFUSED'],
    ['a key that does not exist', { ...CONFIG, 'cosign-key': '/oem/nothing.pub' }, 'TRUST_POLICY_UNUSABLE'],
    ['a file that is not a key', { ...CONFIG, 'cosign-key': '/oem/grubenv' }, 'TRUST_POLICY_UNUSABLE'],
    ['a key of another kind', { ...CONFIG, 'cosign-key': 'k8s://a/b' }, 'TRUST_POLICY_UNUSABLE'],
    ['no key', { cosign: true }, 'TRUST_POLICY_UNUSABLE'],
  ])('refuse before anything is written: %s', async (_, config, code) => {
    for (const run of [
      (host: Host) => upgrade(host, config),
      (host: Host) =>
        runInstall(
          { host, out },
          { config: { ...ADMIN, ...config }, configText: '', source: `oci:${reference}` },
        ),
    ]) {
      const host = await nodeWith(KEYS);
      await expect(run(host)).rejects.toMatchObject({ code });
      expect(layersFetched()).toEqual([]);
      expect(node?.commands().filter((line) => /^(mke2fs|sfdisk|wipefs) /.test(line))).toEqual([]);
      await node?.[Symbol.asyncDispose]();
    }
  });

  test('a signed image is admitted, one of another key is not, and the policy of the node counts as well', async () => {
    sign(image, release);
    const signed = await nodeWith(KEYS);
    // The image is not an OS, which shows only after it was admitted.
    await expect(upgrade(signed, CONFIG)).rejects.not.toMatchObject({ code: 'SIGNATURE_REFUSED' });
    expect(node?.logged.join('\n')).toContain('is signed by /oem/release.pub, as required');
    await node?.[Symbol.asyncDispose]();

    const other = await nodeWith(KEYS);
    const refused = upgrade(other, { ...CONFIG, 'cosign-key': '/oem/other.pub' });
    await expect(refused).rejects.toMatchObject({ code: 'SIGNATURE_REFUSED' });
    await node?.[Symbol.asyncDispose]();

    const both = await nodeWith({ ...KEYS, ...policy('keys: [release.pub]') });
    const mixed = upgrade(both, { ...CONFIG, 'cosign-key': '/oem/other.pub' });
    await expect(mixed).rejects.toMatchObject({ code: 'SIGNATURE_REFUSED' });
  });

  test.each([{ cosign: false, 'cosign-key': '/oem/release.pub' }, { cosign: 'no' }, { 'cosign-key': '' }])(
    'ask for nothing when they are off: %j',
    async (config) => {
      const host = await nodeWith(KEYS);
      await expect(upgrade(host, config)).rejects.not.toMatchObject({ kind: 'usage' });
      expect(node?.logged.join('\n')).not.toContain('as required');
    },
  );
});

test('no other part of the agent unpacks images or makes admitted sources', () => {
  const agent = join(PROJECT, 'src/agent');
  const files = readdirSync(agent, { recursive: true }).map(String);
  const users = (pattern: RegExp) =>
    files.filter((file) => file.endsWith('.ts') && pattern.test(readFileSync(join(agent, file), 'utf8')));
  expect(users(/\bunpackImage\(/)).toEqual(['trust/unpack-admitted.ts']);
  expect(users(/\bdeploySource\(/)).toEqual(['deploy/slot.ts']);
  expect(users(/\bas AdmittedSource\b/)).toEqual(['trust/admit-source.ts']);
});
