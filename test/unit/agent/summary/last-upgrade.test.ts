import { describe, expect, test } from 'vitest';
import { lastUpgrade, type UpgradeEvidence } from '../../../../src/agent/summary/last-upgrade.ts';

const WRITTEN = '2026-01-02T03:04:05Z';
const evidence: UpgradeEvidence = {
  booted: 'active_boot',
  hasFallenBack: false,
  marks: { enabled: false, tentative: false, slot: 'b', activeId: 'b' },
  active: {
    version: 'v2',
    origin: {
      by: 'upgrade',
      source: 'oci:r/os:v2@sha256:2',
      digest: 'sha256:2',
      written: WRITTEN,
      replaced: { version: 'v1' },
    },
  },
  history: {},
};
const marks = { enabled: true, tentative: false, slot: 'a', activeId: 'b' };

describe('the last upgrade', () => {
  test('comes from the note in the active system', () => {
    expect(lastUpgrade(evidence)).toEqual({
      when: WRITTEN,
      from: 'v1',
      to: 'v2',
      digest: 'sha256:2',
      source: 'oci:r/os:v2@sha256:2',
      outcome: 'booted',
    });
  });

  test('comes from the history of the node when another agent wrote the system', () => {
    const history = { 'last-active-upgrade': WRITTEN, 'last-active-source': 'oci:r/os:v3' };
    const other = { ...evidence, active: { version: 'v3' }, history };
    expect(lastUpgrade(other)).toEqual({ when: WRITTEN, to: 'v3', source: 'oci:r/os:v3', outcome: 'booted' });
  });

  test.each([
    [
      'an installation',
      { version: 'v1', origin: { by: 'install' as const, source: 'dir:/', written: WRITTEN } },
    ],
    ['a disk image', { version: 'v1' }],
  ])('is none after %s', (_, active) => {
    const history = { 'last-active-upgrade': 'never' };
    expect(lastUpgrade({ ...evidence, active, history })).toBeUndefined();
  });

  test.each<[string, Partial<UpgradeEvidence>]>([
    ['pending reboot', { marks }],
    // Upstream's agent marks nothing: GRUB does it at the next boot.
    ['pending reboot', { marks: { ...marks, enabled: false } }],
    ['booting', { marks: { ...marks, tentative: true } }],
    ['fell back', { marks: { ...marks, tentative: true }, booted: 'passive_boot' }],
    ['fell back', { hasFallenBack: true }],
    ['booted', { booted: 'passive_boot' }],
    ['not known', { marks: undefined }],
  ])('%s: %j', (outcome, more) => {
    expect(lastUpgrade({ ...evidence, ...more })?.outcome).toBe(outcome);
  });
});
