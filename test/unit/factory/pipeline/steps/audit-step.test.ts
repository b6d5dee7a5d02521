import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ArtifactsSpec } from '../../../../../src/factory/config/schema.ts';
import { auditStep, overlayAuditStep } from '../../../../../src/factory/pipeline/steps/audit-step.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';
import { artifactsSpec } from '../../artifacts/support/inputs.ts';
import { openDirectory, testEngine, testEnvironment } from '../support/environment.ts';
import { imageResults, stepContext } from '../support/step-context.ts';

const PEM = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const RESULTS = imageResults(1_700_000_000);

/** An audit step for an image with these files. */
function audit(files: Readonly<Record<string, string>>, spec: Partial<ArtifactsSpec> = {}, variables = {}) {
  const root = plant(temporaryDirectory(), { 'etc/hostname': 'node\n', ...files });
  const engine = testEngine({ open: async () => openDirectory(root) });
  const env = testEnvironment({ engine, variables });
  const step = auditStep(env, artifactsSpec(spec), {
    images: async () => [],
    signal: new AbortController().signal,
  });
  const { context, notices } = stepContext();
  return { step, notices, run: () => step.run(context, RESULTS) };
}
const inDirectory = (files: Readonly<Record<string, string>>) => plant(temporaryDirectory(), files);

describe('auditStep', () => {
  test('accepts an image without secrets, always with the same digest', async () => {
    const results = [await audit({}).run(), await audit({ 'srv/x': 'y' }).run()];
    expect(results.map(({ digest }) => digest)).toEqual(['passed', 'passed']);
  });

  test('refuses an image with a private key and reports its path', async () => {
    const error = await failureOf(audit({ 'srv/key.pem': PEM }).run);
    expect([error.message, ...error.details].join('\n')).toContain('/srv/key.pem');
  });

  test('accepts only the secrets that the spec allows', async () => {
    const allow = [{ path: '/srv/key.pem', reason: 'a test' }];
    const files = { 'srv/key.pem': PEM };
    await expect(audit(files, { audit: { allow } }).run()).resolves.toMatchObject({ digest: 'passed' });
    const error = await failureOf(audit({ ...files, 'srv/other.pem': PEM }, { audit: { allow } }).run);
    const text = [error.message, ...error.details].join('\n');
    expect(text).toContain('/srv/other.pem');
    expect(text).not.toContain('/srv/key.pem');
  });

  test('searches the ISO overlay and prefixes its paths', async () => {
    const overlayIso = inDirectory({ 'extra/key.pem': PEM });
    const error = await failureOf(audit({}, { overlayIso }).run);
    expect([error.message, ...error.details].join('\n')).toContain('overlay-iso:/extra/key.pem');
  });

  test('warns about plaintext passwords in the cloud-config without refusing them', async () => {
    const home = inDirectory({ 'c.yaml': '#cloud-config\nusers:\n  - name: kairos\n    passwd: secret\n' });
    const { run, notices } = audit({}, { cloudConfig: join(home, 'c.yaml') });
    await run();
    expect(notices).toEqual([expect.stringMatching(/plaintext passwords or tokens in line 4: everyone/)]);
  });

  test('runs again when the allowed secrets, the cloud-config or the ISO overlay change', async () => {
    const inputs = async (spec: Partial<ArtifactsSpec>) =>
      JSON.stringify(await audit({}, spec).step.inputs(RESULTS));
    const home = inDirectory({ 'c.yaml': '#cloud-config\n', 'd.yaml': '#cloud-config\n#\n' });
    const specs: Partial<ArtifactsSpec>[] = [
      {},
      { audit: { allow: [{ path: '/x', reason: 'y' }] } },
      { cloudConfig: join(home, 'c.yaml') },
      { cloudConfig: join(home, 'd.yaml') },
      { overlayIso: inDirectory({ a: 'b' }) },
    ];
    const all = await Promise.all(specs.map(inputs));
    expect(new Set(all).size).toBe(specs.length);
    expect(await inputs({})).toBe(all[0]);
  });
});

test('the overlay is searched before there is an image, with the paths that its files get', async () => {
  const overlay = inDirectory({ 'srv/key.pem': PEM, 'etc/motd': 'x' });
  const search = (allow: ArtifactsSpec['audit']['allow']) => {
    const step = overlayAuditStep({ audit: { allow } }, overlay, new AbortController().signal);
    expect(step.needs).toEqual([]);
    return step.run(stepContext().context, new Map());
  };
  const error = await failureOf(() => search([]));
  expect(error.code).toBe('SECRET_FOUND');
  expect(error.message).toContain(`the overlay ${overlay}`);
  expect(error.details.join()).toContain('/srv/key.pem');
  await expect(search([{ path: '/srv/key.pem', reason: 'a test' }])).resolves.toMatchObject({
    digest: 'passed',
  });
});
