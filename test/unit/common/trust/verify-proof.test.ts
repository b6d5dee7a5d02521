import { expect, test } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import type { LifeEvent } from '../../../../src/common/trust/proof.ts';
import { verifyImage } from '../../../../src/common/trust/verify-image.ts';
import { failureOf } from '../../support/failure.ts';
import { memoryRegistry } from './support/memory-registry.ts';
import { anyDigest, bundle, policyOf, signer } from './support/signer.ts';
import { proofPredicate, proofStatement } from './support/test-result.ts';

const release = signer('release.pub');
const lab = signer('lab.pub');
const digest = anyDigest();
const LIVED = ['os.raw on uefi/boot', 'os.raw on uefi/boot/the agent runs', 'os.raw on uefi/upgrade'];

/** A registry with a signed image, and a policy that requires proof of events. */
function signed(requireProof: readonly LifeEvent[], { digests = [digest] } = {}) {
  const registry = memoryRegistry();
  registry.addBundle(digests[0] ?? digest, release);
  const [rule] = policyOf([release]).rules;
  const policy = { rules: rule ? [{ ...rule, requireProof }] : [] };
  const image = { registry: 'registry.test', repository: 'os/debian', digests: digests as [string] };
  return {
    registry,
    attest: (predicate: object, by = release, about = digest) =>
      registry.addBundle(about, by, bundle(proofStatement(digest, predicate), by)),
    verify: () => verifyImage(registry, image, policy),
    refusal: async () => {
      const error = await failureOf(() => verifyImage(registry, image, policy), 'verification');
      expect(error.code).toBe('PROOF_MISSING');
      return [error.message, ...error.details].join('\n');
    },
  };
}

test('an image whose signed test result names the events as passed is accepted', async () => {
  const { attest, verify } = signed(['boot', 'upgrade']);
  attest(proofPredicate(LIVED));
  expect((await verify()).signatures).toHaveLength(1);
});

test('several test results add up', async () => {
  const { attest, verify, refusal } = signed(['boot', 'upgrade']);
  attest(proofPredicate(LIVED.slice(0, 1)));
  expect(await refusal()).toContain('is not proven to pass: upgrade');
  attest(proofPredicate(LIVED.slice(2)));
  await verify();
});

test('a signed image without a test result is refused', async () => {
  expect(await signed(['boot']).refusal()).toContain(`${digest} is not proven to pass: boot`);
});

test.each([
  ['with a test that failed', proofPredicate(LIVED, { failedTests: ['os.raw on uefi/boot/mine'] })],
  ['that failed', proofPredicate(LIVED, { result: 'FAILED' })],
  ['with warnings', proofPredicate(LIVED, { result: 'WARNED' })],
  ['without an event', proofPredicate([])],
  ['whose check has the name of an event', proofPredicate(['os.raw on uefi/boot/upgrade'])],
  ['whose artifact has the name of an event', proofPredicate(['upgrade', 'upgrade on uefi'])],
  ['of another form', { result: 'PASSED', passedTests: 'upgrade' }],
])('a test result %s proves nothing', async (_, predicate) => {
  const { attest, refusal } = signed(['upgrade']);
  attest(predicate);
  expect(await refusal()).toMatch(/test result sha256:\w+ (names no event|cannot be read)/);
});

test('a test result by a key that the entry does not name is refused', async () => {
  const { attest, refusal } = signed(['boot']);
  attest(proofPredicate(LIVED), lab);
  expect(await refusal()).toContain('was made by an unknown key');
});

test('a test result for another image is refused', async () => {
  const other = anyDigest();
  const { registry, refusal } = signed(['boot']);
  registry.addBundle(digest, release, bundle(proofStatement(other, proofPredicate(LIVED)), release));
  expect(await refusal()).toContain(`is for another image, ${other}`);
});

test('a statement of another type is not a test result', async () => {
  const { registry, refusal } = signed(['boot']);
  const options = { predicateType: 'https://slsa.dev/provenance/v1' };
  registry.addBundle(
    digest,
    release,
    bundle(proofStatement(digest, proofPredicate(LIVED), options), release),
  );
  expect(await refusal()).not.toContain('names no event');
});

test('of a signed index, the image itself must be proven', async () => {
  const index = anyDigest();
  const { registry, attest, refusal, verify } = signed(['boot'], { digests: [index, digest] });
  registry.addBundle(index, release, bundle(proofStatement(index, proofPredicate(LIVED)), release));
  expect(await refusal()).toContain(digest);
  attest(proofPredicate(LIVED));
  expect((await verify()).digest).toBe(index);
});

test('a registry that fails is not a missing proof', async () => {
  const { registry, attest, verify } = signed(['boot']);
  const blob = attest(proofPredicate(LIVED));
  const { blob: read } = registry;
  registry.blob = async (wanted, limit) => {
    if (wanted === blob) throw new FactoryError('REGISTRY_UNREACHABLE', 'the registry is down');
    return read(wanted, limit);
  };
  expect((await failureOf(verify, 'step')).code).toBe('REGISTRY_UNREACHABLE');
});
