import { describe, expect, test } from 'vitest';
import { bootargs, liveConsole } from '../../../../src/common/contract/kernel-command-line.ts';

const GENERIC = { consoles: ['ttyS0'], arguments: [] };

/** The arguments before the root arguments in every line of docs/contract.md 2.2. */
const BEFORE =
  'console=ttyS0 console=tty1 net.ifnames=1 rd.cos.oemlabel=COS_OEM rd.cos.oemtimeout=10 panic=5 rd.emergency=reboot rd.shell=0 systemd.crash_reboot=yes';

/** Evaluates the fragment like GRUB: supports the two commands that it uses, and expands variables. */
function evaluate(fragment: string, given: Readonly<Record<string, string>>): Record<string, string> {
  const variables: Record<string, string> = { ...given };
  const expand = (text: string) => text.replaceAll(/\$(\w+)/g, (_, name: string) => variables[name] ?? '');
  let active = true;
  for (const line of fragment.split('\n').map((text) => text.trim())) {
    const condition = /^if \[ -n "\$(\w+)" \]; then$/.exec(line);
    const assignment = /^set (\w+)=(?:"(.*)"|(\S+))$/.exec(line);
    if (condition) active = (variables[condition[1] ?? ''] ?? '') !== '';
    else if (line === 'else') active = !active;
    else if (line === 'fi') active = true;
    else if (assignment) {
      if (active) variables[assignment[1] ?? ''] = expand(assignment[2] ?? assignment[3] ?? '');
    } else if (line !== '' && !line.startsWith('#')) throw new Error(`GRUB is not told "${line}"`);
  }
  return variables;
}

describe('bootargs', () => {
  test.each([
    ['active', 'COS_ACTIVE', '/cOS/active.img'],
    ['passive', 'COS_PASSIVE', '/cOS/passive.img'],
    ['recovery', 'COS_SYSTEM', '/cOS/recovery.img'],
  ])('composes the command line of the contract for %s', (_, label, img) => {
    expect(evaluate(bootargs(GENERIC), { label, img })).toMatchObject({
      kernel: '/boot/vmlinuz',
      initramfs: '/boot/initrd',
      kernelcmd: `${BEFORE} root=LABEL=${label} cos-img/filename=${img} selinux=0`,
    });
  });

  test('composes the live form for a squashfs recovery', () => {
    const given = { label: 'COS_SYSTEM', img: '/cOS/recovery.squashfs', recoverylabel: 'COS_RECOVERY' };
    expect(evaluate(bootargs(GENERIC), given)['kernelcmd']).toBe(
      `${BEFORE} root=live:LABEL=COS_RECOVERY rd.live.dir=/ rd.live.squashimg=/cOS/recovery.squashfs selinux=0`,
    );
  });
});

test('a board’s consoles come first, its arguments last', () => {
  const board = {
    consoles: ['ttyTCU0,115200', 'ttyAMA0,115200'],
    arguments: ['cgroup_enable=memory', 'a=b'],
  };
  const given = { label: 'COS_ACTIVE', img: '/cOS/active.img' };
  const line = evaluate(bootargs(board), given)['kernelcmd'] ?? '';
  expect(line.startsWith('console=ttyTCU0,115200 console=ttyAMA0,115200 console=tty1 ')).toBe(true);
  expect(line.endsWith(' selinux=0 cgroup_enable=memory a=b')).toBe(true);
  expect(liveConsole(board)).toBe(
    'console=ttyTCU0,115200 console=ttyAMA0,115200 console=tty1 cgroup_enable=memory a=b',
  );
});

describe('liveConsole', () => {
  test('names the serial console of the board and the screen', () => {
    expect(liveConsole(GENERIC)).toBe('console=ttyS0 console=tty1');
  });
});

test.each([
  ['disabled', 'selinux=0'],
  ['permissive', 'selinux=1 enforcing=0'],
  ['enforcing', 'selinux=1 enforcing=1'],
] as const)('SELinux %s adds "%s" to every command line', (mode, text) => {
  const lines = bootargs(GENERIC, mode).match(/set kernelcmd=.*/g) ?? [];
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line.endsWith(` ${text}"`)).toBe(true);
});
