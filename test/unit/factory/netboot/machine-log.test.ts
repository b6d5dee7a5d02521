import { describe, expect, test } from 'vitest';
import { machineLog } from '../../../../src/factory/netboot/machine-log.ts';
import type { NetbootEvent } from '../../../../src/factory/netboot/netboot-event.ts';

const MAC = '52:54:00:aa:00:01';
const IP = '192.0.2.7';
const MIB = 1024 * 1024;

type Transfer = Extract<NetbootEvent, { kind: 'transfer' }>;

const asked = (given: Partial<Extract<NetbootEvent, { kind: 'asked' }>> = {}): NetbootEvent => ({
  ...{ kind: 'asked', mac: MAC, code: 7, isIpxe: false, isServed: true },
  ...given,
});
const got = (given: Partial<Transfer> = {}): NetbootEvent => ({
  ...({ kind: 'transfer', ip: IP, file: 'ipxe.efi', role: 'loader', by: 'TFTP', transfer: -1 } as const),
  ...({ state: 'done', sent: 2 * MIB, of: 2 * MIB, isPart: false } as const),
  ...given,
});
/** A log with a clock in seconds. */
function log({ hasConfig = false, macOf = (): string | undefined => MAC } = {}) {
  const machines = machineLog({ hasConfig, macOf });
  return {
    take: (event: NetbootEvent, seconds: number) => machines.take(event, seconds * 1000),
    look: (seconds: number) => machines.look(seconds * 1000),
    summary: machines.summary,
  };
}

test('a boot, from the first question to the last file', () => {
  const { take, look, summary } = log();
  expect(take(asked(), 0)).toEqual([`${MAC}  asks for a boot program: UEFI amd64`]);
  expect(take(asked(), 4)).toEqual([]);
  expect(take(got(), 8)).toEqual([`${MAC} ${IP}  has ipxe.efi: 2.0 MiB by TFTP`]);
  expect(take(asked({ isIpxe: true }), 10)).toEqual([`${MAC} ${IP}  iPXE asks for its script`]);
  const script = { file: 'amd64.ipxe', role: 'script', by: 'HTTP', transfer: 1, of: 700, sent: 0 } as const;
  expect(take(got({ ...script, state: 'running' }), 11)).toEqual([]);
  expect(take(got(script), 11)).toEqual([`${MAC} ${IP}  has amd64.ipxe: 0.7 KiB by HTTP`]);
  const root = { file: 'os.squashfs', role: 'root', by: 'HTTP', transfer: 2, of: 20 * MIB } as const;
  expect(take(got({ ...root, state: 'running', sent: 0 }), 20)).toEqual([
    `${MAC} ${IP}  loads os.squashfs: 20.0 MiB by HTTP`,
  ]);
  expect(take(got({ ...root, state: 'running', sent: 5 * MIB }), 25)).toEqual([]);
  expect(look(26)).toEqual([`${MAC} ${IP}  loads os.squashfs: 5.0 MiB of 20.0 MiB, 25 %`]);
  expect(look(40)).toEqual([]);
  expect(take(got({ ...root, sent: 20 * MIB }), 40)).toEqual([
    `${MAC} ${IP}  has os.squashfs: 20.0 MiB by HTTP in 20 s, 1.0 MiB/s`,
    `${MAC} ${IP}  has all files, and starts`,
  ]);
  expect(look(4000)).toEqual([]);
  expect(summary()).toEqual([`${MAC} ${IP}  had all files (UEFI amd64)`]);
});

describe('a machine that stops', () => {
  test('is named once, with what it got, what it does not do, and what to look at', () => {
    const { take, look, summary } = log();
    take(asked(), 0);
    take(got(), 10);
    expect(look(49)).toEqual([]);
    const [line, ...others] = look(50);
    expect(line).toMatch(
      `${MAC} ${IP}  stopped: it got ipxe.efi 40 s ago and has not asked for its script. Firmware with Secure Boot`,
    );
    expect([...others, ...look(51), ...look(500)]).toEqual([]);
    expect(summary()).toEqual([`${MAC} ${IP}  got as far as ipxe.efi (UEFI amd64)`]);
  });

  test('may go on, and stop again', () => {
    const { take, look } = log();
    take(asked(), 0);
    expect(look(40)[0]).toContain('and has not loaded iPXE');
    expect(take(got(), 41)).toHaveLength(1);
    expect(look(90)[0]).toContain('it got ipxe.efi 49 s ago');
    expect(take(asked(), 120)[0]).toContain('asks for a boot program');
  });

  test('in the middle of a file is named with the bytes that it has', () => {
    const { take, look } = log();
    take(asked(), 0);
    const initrd = { file: 'os-initrd', role: 'initrd', by: 'HTTP', transfer: 1, of: 40 * MIB } as const;
    take(got({ ...initrd, state: 'running', sent: 0 }), 1);
    take(got({ ...initrd, state: 'running', sent: 12 * MIB }), 2);
    expect(look(7)).toHaveLength(1);
    const text = 'stopped: it has 12.0 MiB of 40.0 MiB of os-initrd, and has taken nothing for 21 s';
    expect(look(23)).toEqual([`${MAC} ${IP}  ${text}`]);
    expect(take(got({ ...initrd, state: 'running', sent: 13 * MIB }), 30)).toEqual([
      `${MAC} ${IP}  continues with os-initrd`,
    ]);
    expect(take(got({ ...initrd, state: 'broken', sent: 13 * MIB }), 31)).toEqual([
      `${MAC} ${IP}  broke off os-initrd after 13.0 MiB of 40.0 MiB`,
    ]);
  });

  test('before its cloud-config has not started, if there is one', () => {
    const { take, look, summary } = log({ hasConfig: true });
    take(asked(), 0);
    expect(take(got({ role: 'root', file: 'os.squashfs' }), 1)).toHaveLength(1);
    expect(look(400)[0]).toContain('has not asked for its cloud-config');
    const config = got({ role: 'config', file: 'os-config.yaml' });
    expect(take(config, 401)[1]).toContain('has all files, and starts');
    // The agent loads it again.
    expect(take(config, 406)).toEqual([]);
    expect(take(asked(), 900)).toHaveLength(1);
    expect(take(config, 950)).toHaveLength(2);
    expect(summary()).toEqual([`${MAC} ${IP}  had all files (UEFI amd64)`]);
  });

  test('because there is no system for it says so at once', () => {
    const { take, look, summary } = log();
    expect(take(asked({ code: 11, isServed: false }), 0)).toEqual([
      `${MAC}  stopped: UEFI arm64 is not served, because there is no system for it`,
    ]);
    expect(look(500)).toEqual([]);
    expect(summary()).toEqual([`${MAC}  got as far as nothing (UEFI arm64)`]);
  });
});

test('a client that never asked for a boot program is not waited for', () => {
  const { take, look, summary } = log({ macOf: () => undefined });
  expect(take(got({ by: 'HTTP', role: 'script', file: 'amd64.ipxe', of: 10 }), 0)).toEqual([
    `${IP}  has amd64.ipxe: 0.0 KiB by HTTP`,
  ]);
  expect(look(500)).toEqual([]);
  expect(summary()).toEqual([`${IP}  got as far as amd64.ipxe`]);
});

test('a part of a file is not the file', () => {
  const { take, summary } = log();
  expect(take(got({ of: 1024, isPart: true }), 0)).toEqual([`${MAC} ${IP}  has a part of ipxe.efi: 1.0 KiB`]);
  expect(summary()).toEqual([]);
});

test('names that others make up are safe for a terminal', () => {
  const { take } = log();
  const [line] = take({ kind: 'missing', ip: IP, file: `\u001b[2J${'x'.repeat(1000)}`, by: 'HTTP' }, 0);
  expect(line).toMatch(/asks for "\\x1b\[2Jx{196}" by HTTP, which does not exist$/);
});

test('an address may go from one machine to another', () => {
  let mac: string | undefined = MAC;
  const { take } = log({ macOf: () => mac });
  take({ kind: 'address', mac: MAC, ip: IP }, 0);
  expect(take(got(), 1)[0]).toContain(`${MAC} ${IP}`);
  mac = '52:54:00:aa:00:02';
  expect(take(got(), 2)[0]).toContain(`52:54:00:aa:00:02 ${IP}`);
  mac = undefined;
  expect(take(got(), 3)[0]).toContain(`52:54:00:aa:00:02 ${IP}`);
  expect(take(asked({ isIpxe: true }), 4)).toEqual([`${MAC}  iPXE asks for its script`]);
});

test('machines that somebody invents do not fill the memory', () => {
  const { take, summary } = log();
  for (let n = 0; n < 1200; n += 1) {
    const mac = `02:00:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`;
    take(asked({ mac }), n);
  }
  expect(summary()).toHaveLength(1000);
});
