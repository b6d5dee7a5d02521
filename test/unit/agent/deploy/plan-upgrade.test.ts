import { describe, expect, test } from 'vitest';
import { planUpgrade } from '../../../../src/agent/deploy/plan-upgrade.ts';
import { type SlotNode, STATE, slotNode } from '../support/slot-node.ts';

const REQUEST = { config: {}, source: 'file:/usr/local/next.img' };
/** Programs that look at the node only. */
const HARMLESS = /^(?:blkid (?:-L|-c \/dev\/null)|tune2fs -l|mount -o ro|umount) /;

/** What `upgrade --dry-run` prints, and what it did to the node. */
async function dryRun(node: SlotNode, request: object = {}) {
  const { host } = await slotNode(node);
  await using _ = host;
  const before = await host.list(`${STATE}/cOS`);
  const lines: string[] = [];
  await planUpgrade({ host, out: (text) => void lines.push(text) }, { ...REQUEST, ...request });
  expect(await host.list(`${STATE}/cOS`)).toEqual(before);
  expect(await host.readText('/usr/local/.kairos-state')).toBeUndefined();
  return { printed: lines.join(''), changes: host.commands().filter((line) => !HARMLESS.test(`${line} `)) };
}

describe('upgrade --dry-run', () => {
  test('prints what would be done, and does nothing', async () => {
    const { printed, changes } = await dryRun({});
    expect(changes).toEqual([]);
    expect(printed).toContain('The system would be upgraded from file:/usr/local/next.img');
    expect(printed).toMatch(/room {5}\d+ MiB are free: enough/);
    expect(printed).toContain('The active system becomes the passive one.');
    expect(printed).toContain('Nothing was changed.');
  });

  test.each<SlotNode>([
    { booted: 'COS_PASSIVE' },
    { assessment: { enable_boot_assessment: 'yes', boot_assessment_tentative: 'yes' } },
  ])('says that the passive system stays: %j', async (node) => {
    const { printed } = await dryRun(node, { json: true });
    expect(JSON.parse(printed)).toMatchObject({ system: 'active', passive: 'stays', enough: true });
  });

  test('of the recovery system leaves the partition as it was', async () => {
    const { printed, changes } = await dryRun({}, { recovery: true });
    expect(changes).toEqual([]);
    expect(printed).toContain('The recovery system would be upgraded');
    expect(printed).toContain('the running system stays as it is');
  });

  test('refuses what the upgrade would refuse', async () => {
    await expect(dryRun({}, { source: 'dir:/nope' })).rejects.toThrow('does not exist');
    await expect(dryRun({}, { source: undefined })).rejects.toThrow('the upgrade has no source');
  });
});
