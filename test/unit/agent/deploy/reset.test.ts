import { describe, expect, test } from 'vitest';
import { runReset } from '../../../../src/agent/deploy/reset.ts';
import { parseGrubEnvironment } from '../../../../src/common/contract/grub-environment.ts';
import type { Host } from '../../../../src/common/host/host.ts';
import { type SlotNode, slotNode } from '../support/slot-node.ts';

const STATE = '/run/cos/state';
const RECOVERY: SlotNode = { booted: 'COS_SYSTEM kairos.reset' };
const out = () => undefined;

async function nextEntry(host: Host): Promise<string | undefined> {
  return parseGrubEnvironment((await host.readBytes('/oem/grubenv')) ?? Buffer.alloc(0)).get('next_entry');
}

describe('a reset', () => {
  test('writes both slots from the recovery system, empties persistent, keeps OEM', async () => {
    const { host } = await slotNode({
      ...RECOVERY,
      assessment: { enable_boot_assessment: 'yes', boot_assessment_tentative: 'yes' },
    });
    await using _ = host;
    await runReset({ host, out }, { config: {} });
    expect(await host.readText(`${STATE}/cOS/active.img`)).toBe('new');
    expect(await host.readText(`${STATE}/cOS/passive.img`)).toBe('new');
    expect(await host.readText(`${STATE}/grub2/grub.cfg`)).toBe('menu');
    const formatted = host.commands().filter((line) => line.startsWith('mke2fs'));
    expect(formatted).toEqual([expect.stringMatching(/-L COS_PERSISTENT .*\/dev\/vda6$/)]);
    expect(await nextEntry(host)).toBeUndefined();
    const marks = parseGrubEnvironment((await host.readBytes(`${STATE}/boot_assessment`)) ?? Buffer.alloc(0));
    expect([...marks]).toEqual([]);
    expect(await host.readText('/run/cos/persistent/.kairos-state')).toContain('last-reset: 2026');
  });

  test.each([
    [{ 'reset-persistent': false }, {}, []],
    [{ 'reset-oem': true }, {}, ['COS_PERSISTENT', 'COS_OEM']],
    [{}, { resetOem: true }, ['COS_PERSISTENT', 'COS_OEM']],
  ])('empties the requested partitions: %j %j', async (reset, request, labels) => {
    const { host } = await slotNode(RECOVERY);
    await using _ = host;
    await runReset({ host, out }, { config: { reset }, ...request });
    const formatted = host.commands().filter((line) => line.startsWith('mke2fs'));
    expect(formatted.map((line) => / -L (\S+)/.exec(line)?.[1])).toEqual(labels);
  });

  test('is refused unless the recovery system is running', async () => {
    const { host } = await slotNode();
    await using _ = host;
    await expect(runReset({ host, out }, { config: {} })).rejects.toMatchObject({ kind: 'usage' });
    expect(host.commands()).toEqual([]);
  });

  test('interrupted before any step has not started, starts again at the next boot, or is complete', async () => {
    let total = 0;
    {
      const { host, watched } = await slotNode({ ...RECOVERY, onStep: (step) => (total = step) });
      await using _ = host;
      await runReset({ host: watched, out }, { config: {} });
    }
    expect(total).toBeGreaterThan(30);
    const outcomes = new Set<string>();
    for (let cutAt = 1; cutAt <= total; cutAt += 1) {
      const { host, watched } = await slotNode({
        ...RECOVERY,
        onStep: (step) => {
          if (step >= cutAt) throw new Error('the power went');
        },
      });
      await using _ = host;
      await runReset({ host: watched, out }, { config: {} }).catch(() => undefined);
      const again = (await nextEntry(host)) === 'statereset';
      const untouched =
        (await host.readText(`${STATE}/cOS/active.img`)) === 'old' &&
        !host.commands().some((line) => line.startsWith('mke2fs'));
      const noted = (await host.readText('/run/cos/persistent/.kairos-state'))?.includes('last-reset: 2026');
      outcomes.add(again ? 'again' : untouched ? 'untouched' : noted ? 'done' : `cut at ${cutAt}`);
    }
    expect([...outcomes].sort()).toEqual(['again', 'done', 'untouched']);
  }, 60_000);
});
