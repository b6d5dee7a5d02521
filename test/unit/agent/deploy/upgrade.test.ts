import { describe, expect, test } from 'vitest';
import { runUpgrade } from '../../../../src/agent/deploy/upgrade.ts';
import { parseGrubEnvironment } from '../../../../src/common/contract/grub-environment.ts';
import type { Host } from '../../../../src/common/host/host.ts';
import { STATE, slotNode } from '../support/slot-node.ts';

/** The image that the boot menu and its assessment script would choose (docs/contract.md 2.1, 2.3). */
async function nextBoot(
  host: Host,
): Promise<{ image: string | undefined; assessed: boolean; chosen: boolean }> {
  const variables = async (file: string) =>
    parseGrubEnvironment((await host.readBytes(file)) ?? Buffer.alloc(0));
  const marks = await variables(`${STATE}/boot_assessment`);
  const chosen = (await variables('/oem/grubenv')).has('next_entry');
  const assessed = marks.get('enable_boot_assessment') === 'yes' && !chosen;
  const fallback = assessed && marks.get('boot_assessment_tentative') === 'yes';
  const active = await host.readText(`${STATE}/cOS/active.img`);
  const passive = await host.readText(`${STATE}/cOS/passive.img`);
  return { image: fallback ? passive : (active ?? passive), assessed, chosen };
}

const REQUEST = { config: {}, source: 'file:/usr/local/next.img' };
const out = () => undefined;

describe('an upgrade', () => {
  test('makes the new image active and the old one passive, and enables assessment of the first boot', async () => {
    const { host } = await slotNode();
    await using _ = host;
    await runUpgrade({ host, out }, REQUEST);
    expect(await nextBoot(host)).toEqual({ image: 'new', assessed: true, chosen: false });
    expect(await host.readText(`${STATE}/cOS/passive.img`)).toBe('old');
    expect(await host.list(`${STATE}/cOS`)).toEqual(['active.img', 'passive.img']);
    expect(host.commands()).toEqual(
      expect.arrayContaining([
        `e2fsck -f -n ${STATE}/cOS/transition.img`,
        `tune2fs -L COS_PASSIVE ${STATE}/cOS/passive.img`,
        `mount -o remount,ro ${STATE}`,
      ]),
    );
    expect(await host.readText('/usr/local/.kairos-state')).toContain(
      'last-active-source: file:/usr/local/next.img',
    );
  });

  test('clears the marks of an earlier one, so that the new system is not skipped (kairos#4303)', async () => {
    const { host } = await slotNode({
      assessment: { enable_boot_assessment: 'yes', boot_assessment_tentative: 'yes' },
    });
    await using _ = host;
    await runUpgrade({ host, out }, REQUEST);
    expect(await nextBoot(host)).toEqual({ image: 'new', assessed: true, chosen: false });
  });

  test.each([
    { booted: 'COS_PASSIVE' as const },
    { assessment: { enable_boot_assessment: 'yes', boot_assessment_tentative: 'yes' } },
  ])('keeps the passive image when the active one is not known to work: %j', async (machine) => {
    const { host } = await slotNode(machine);
    await using _ = host;
    await runUpgrade({ host, out }, REQUEST);
    expect(await host.readText(`${STATE}/cOS/passive.img`)).toBe('older');
  });

  test('refuses an image that is not an OS, and leaves the node unchanged', async () => {
    const { host } = await slotNode();
    await using _ = host;
    await host.remove('/run/cos/slot/boot/vmlinuz');
    await expect(runUpgrade({ host, out }, REQUEST)).rejects.toMatchObject({ kind: 'verification' });
    expect(await nextBoot(host)).toEqual({ image: 'old', assessed: false, chosen: true });
    expect(await host.list(`${STATE}/cOS`)).toEqual(['active.img', 'passive.img']);
  });

  test('refuses to start without a source, or during another operation', async () => {
    const { host } = await slotNode();
    await using _ = host;
    await expect(runUpgrade({ host, out }, { config: {} })).rejects.toThrow('the upgrade has no source');
    await host.write('/run/cos/kairos-agent.lock/pid', `${process.pid}\n`);
    await host.write(`/proc/${process.pid}/comm`, 'agent');
    await expect(runUpgrade({ host, out }, REQUEST)).rejects.toThrow(/is running/);
  });

  test('interrupted before any step leaves the old system or an assessed new one', async () => {
    let total = 0;
    {
      const { host, watched } = await slotNode({ onStep: (step) => (total = step) });
      await using _ = host;
      await runUpgrade({ host: watched, out }, REQUEST);
    }
    expect(total).toBeGreaterThan(20);
    const outcomes = new Set<string | undefined>();
    for (let cutAt = 1; cutAt <= total; cutAt += 1) {
      const { host, watched } = await slotNode({
        onStep: (step) => {
          // After a power cut nothing more happens, not even cleanup.
          if (step >= cutAt) throw new Error('the power went');
        },
      });
      await using _ = host;
      await runUpgrade({ host: watched, out }, REQUEST).catch(() => undefined);
      const { image, assessed } = await nextBoot(host);
      outcomes.add(image);
      expect([cutAt, image]).toEqual([cutAt, expect.stringMatching(/^(old|new)$/)]);
      if (image === 'new') expect([cutAt, assessed]).toEqual([cutAt, true]);
    }
    expect([...outcomes].sort()).toEqual(['new', 'old']);
  }, 60_000);
});
