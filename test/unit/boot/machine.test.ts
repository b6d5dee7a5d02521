import { expect, test } from 'vitest';
import { diskFormat, parseFirmware, qemuArguments } from '../../../src/boot/machine.ts';
import { failureOf } from '../../support/failure.ts';

const MACHINE = {
  artifact: '/a/x.raw',
  attachment: 'disk',
  firmware: 'bios',
  memory: 2048,
  cores: 2,
  snapshot: true,
  kvm: false,
} as const;
const line = (machine: Parameters<typeof qemuArguments>[0]) => qemuArguments(machine, '/tmp/v.fd').join(' ');

test('a disk on BIOS', () => {
  expect(line(MACHINE)).toContain(
    '-drive if=none,id=boot,format=raw,file=/a/x.raw -device virtio-blk-pci,drive=boot',
  );
  expect(line(MACHINE)).toContain('-snapshot');
  expect(line(MACHINE)).not.toContain('pflash');
});

test('a CD is read-only, on a bus that small kernels know', () => {
  const cd = line({ ...MACHINE, artifact: '/a/x.iso', attachment: 'cdrom' });
  expect(cd).toContain('readonly=on -device virtio-scsi-pci -device scsi-cd,drive=boot');
  expect(cd).not.toContain('-snapshot');
});

test('Secure Boot locks the firmware', () => {
  const secure = line({ ...MACHINE, firmware: 'secureboot' });
  expect(secure).toContain('-machine q35,smm=on');
  expect(secure).toContain('driver=cfi.pflash01,property=secure,value=on');
  expect(secure).toContain('unit=1,format=raw,file=/tmp/v.fd');
});

test('commas in paths, and the port of SSH on loopback only', () => {
  expect(line({ ...MACHINE, artifact: '/a,b/x.raw', sshPort: 2222 })).toContain('file=/a,,b/x.raw');
  expect(line({ ...MACHINE, sshPort: 2222 })).toContain('hostfwd=tcp:127.0.0.1:2222-:22');
});

test('what cannot be booted is refused', async () => {
  await failureOf(() => diskFormat('x.squashfs'), 'usage');
  expect((await failureOf(() => parseFirmware('uefy'), 'usage')).message).toMatch(/did you mean "uefi"/);
});
