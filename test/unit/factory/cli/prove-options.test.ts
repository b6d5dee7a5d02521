import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { publishedTargets } from '../../../../src/factory/cli/commands/build.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

/** The proof of a build with a configuration and flags. */
async function proofOf(yaml: string, prove?: string | boolean) {
  const home = plant(temporaryDirectory(), { 'kairos-factory.yaml': `flavor: debian\n${yaml}` });
  const file = join(home, 'kairos-factory.yaml');
  const [target] = await publishedTargets({ file, set: [], flags: {} }, { prove }, []);
  return { home, proof: target?.spec.prove };
}

const CONFIGURED = 'prove:\n  life: [reset]\n  firmware: [bios, uefi]\n  checks: checks\n';
const PLAIN = { life: ['boot'], firmware: ['uefi'], kvm: true };

describe('the proof of a build', () => {
  test.each([
    ['is absent by default', '', undefined, undefined],
    ['is a boot with --prove', '', true, PLAIN],
    ['has the events of --prove', '', 'reset,upgrade', { ...PLAIN, life: ['boot', 'upgrade', 'reset'] }],
    ['begins with the boot', CONFIGURED, undefined, { life: ['boot', 'reset'], firmware: ['bios', 'uefi'] }],
    ['keeps its settings with --prove', CONFIGURED, true, { life: ['boot', 'reset'] }],
    [
      'keeps its firmware with other events',
      CONFIGURED,
      'upgrade',
      { life: ['boot', 'upgrade'], firmware: ['bios', 'uefi'] },
    ],
    ['is absent with --no-prove', CONFIGURED, false, undefined],
  ])('%s', async (_, yaml, option, expected) => {
    const { proof } = await proofOf(yaml, option);
    if (expected === undefined) expect(proof).toBeUndefined();
    else expect(proof).toMatchObject(expected);
  });

  test('finds its checks beside the configuration', async () => {
    const { home, proof } = await proofOf(CONFIGURED);
    expect(proof?.checks).toBe(join(home, 'checks'));
  });

  test.each([
    ['an event that does not exist', 'prove:\n  life: [explode]\n', undefined],
    ['an event of --prove that does not exist', '', 'boot,explode'],
    ['no artifact that boots', 'artifacts: [oci]\n', true],
  ])('is refused with %s', async (_, yaml, option) => {
    await failureOf(() => proofOf(yaml, option), 'usage');
  });
});
