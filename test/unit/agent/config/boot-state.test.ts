import { describe, expect, it } from 'vitest';
import { bootState, sentinels } from '../../../../src/agent/config/boot-state.ts';
import { testHost } from '../support/test-host.ts';

const EFI = '/sys/firmware/efi/efivars';
const GUID = '4a67b082-0a4c-41cf-b6c7-440b29bb8c4f';
const efi = (text: string) => `\x06\0\0\0${[...`${text}\0`].map((letter) => `${letter}\0`).join('')}`;

describe('bootState', () => {
  it.each([
    ['kairos.ram root=live:LABEL=COS_LIVE', 'active_boot'],
    ['root=LABEL=COS_ACTIVE cos-img/filename=/cOS/active.img', 'active_boot'],
    ['root=LABEL=COS_PASSIVE', 'passive_boot'],
    ['root=LABEL=COS_SYSTEM cos-img/filename=/cOS/recovery.img', 'recovery_boot'],
    ['root=live:LABEL=COS_RECOVERY rd.live.squashimg=/cOS/recovery.squashfs', 'recovery_boot'],
    ['something recovery-mode', 'recovery_boot'],
    ['root=live:LABEL=COS_RECOVERY kairos.reset', 'autoreset_boot'],
    ['root=LABEL=COS_ACTIVE kairos.reset', 'autoreset_boot'],
    ['root=live:LABEL=COS_LIVE rd.live.dir=/', 'livecd_boot'],
    ['root=live:CDLABEL=COS_LIVE', 'livecd_boot'],
    ['root=live:http://x netboot', 'livecd_boot'],
    ['root=/dev/vda1', 'unknown'],
    ['', 'unknown'],
  ])('"%s" is %s', async (line, state) => {
    await using host = await testHost({ files: { '/proc/cmdline': `${line}\n` } });
    expect(await bootState(host)).toBe(state);
  });

  it.each([
    ['active.efi', 'active_boot'],
    ['passive_2.efi', 'passive_boot'],
    ['recovery.efi', 'recovery_boot'],
    ['statereset.efi', 'autoreset_boot'],
    ['windows.efi', 'unknown'],
  ])('a unified image that was started as %s is %s', async (entry, state) => {
    await using host = await testHost({
      files: {
        '/proc/cmdline': 'rd.immucore.uki COS_PASSIVE\n',
        [`${EFI}/LoaderDevicePartUUID-${GUID}`]: efi('0-1'),
        [`${EFI}/LoaderEntrySelected-${GUID}`]: efi(entry),
      },
    });
    expect(await bootState(host)).toBe(state);
  });

  it('a unified kernel image is live when the boot loader has no partition', async () => {
    await using host = await testHost({ files: { '/proc/cmdline': 'rd.immucore.uki\n' } });
    expect(await bootState(host)).toBe('livecd_boot');
  });

  it('is unknown without a command line', async () => {
    await using host = await testHost();
    expect(await bootState(host)).toBe('unknown');
  });
});

describe('sentinels', () => {
  it('are the file names in /run/cos', async () => {
    await using host = await testHost({
      files: { '/run/cos/active_mode': '1', '/run/cos/upgrade_failure': '1', '/run/cos/cos-layout.env': '' },
    });
    expect(await sentinels(host)).toEqual(new Set(['active_mode', 'upgrade_failure']));
    await using empty = await testHost();
    expect((await sentinels(empty)).size).toBe(0);
  });
});
