import { describe, expect, test } from 'vitest';
import { parseForward } from '../../../../src/factory/boot/forward.ts';
import {
  AAVMF,
  type Attachment,
  artifactArch,
  diskFormat,
  type Machine,
  OVMF,
  parseFirmware,
  qemuArguments,
} from '../../../../src/factory/boot/machine.ts';
import { FIRMWARES, type Firmware } from '../../../../src/factory/config/prove.ts';
import { failureOf } from '../../support/failure.ts';

const MACHINE: Machine = {
  artifact: '/out/os.raw',
  attachment: 'disk',
  firmware: 'bios',
  memory: 2048,
  cores: 2,
  snapshot: false,
  kvm: false,
};

/** All values of a repeated option. */
function values(machine: Machine, option: string, variables = '/tmp/variables.fd'): string[] {
  const args = qemuArguments(machine, machine.firmware === 'bios' ? undefined : variables);
  return args.flatMap((arg, index) => (arg === option ? [args[index + 1] ?? ''] : []));
}

describe.each<Firmware>(['bios', 'uefi', 'secureboot'])('%s', (firmware) => {
  test.each<[Attachment, string, string[]]>([
    ['disk', '/out/os.raw', ['virtio-blk-pci,drive=boot,bootindex=1']],
    ['disk', '/out/os.qcow2', ['virtio-blk-pci,drive=boot,bootindex=1']],
    ['disk', '/out/os.iso', ['virtio-blk-pci,drive=boot,bootindex=1']],
    ['cdrom', '/out/os.iso', ['virtio-scsi-pci', 'scsi-cd,drive=boot,bootindex=1']],
  ])('with a %s of %s', (attachment, artifact, devices) => {
    const machine = { ...MACHINE, firmware, attachment, artifact };
    expect(values(machine, '-device').filter((device) => !/rng|net/.test(device))).toEqual(devices);
    const drives = values(machine, '-drive');
    const format = artifact.endsWith('.qcow2') ? 'qcow2' : 'raw';
    const readonly = artifact.endsWith('.iso') ? ',readonly=on' : '';
    expect(drives.pop()).toBe(`if=none,id=boot,format=${format},file=${artifact}${readonly}`);
    expect(drives).toEqual(
      firmware === 'bios'
        ? []
        : [
            `if=pflash,unit=0,format=raw,readonly=on,file=${OVMF[firmware].code}`,
            'if=pflash,unit=1,format=raw,file=/tmp/variables.fd',
          ],
    );
    expect(values(machine, '-machine')).toEqual([firmware === 'secureboot' ? 'q35,smm=on' : 'q35']);
    expect(values(machine, '-global')).toEqual(
      firmware === 'secureboot' ? ['driver=cfi.pflash01,property=secure,value=on'] : [],
    );
  });
});

test('secure boot uses variables with the vendors’ keys', () => {
  expect(OVMF.secureboot.variables).toContain('.ms.');
  expect(OVMF.secureboot.code).toContain('.secboot.');
});

test('an emulated machine has no fast string operations', () => {
  expect(values(MACHINE, '-cpu')).toEqual(['max,erms=off,fsrm=off']);
  expect(values({ ...MACHINE, kvm: true }, '-cpu')).toEqual(['max']);
});

describe('arm64', () => {
  const machine: Machine = { ...MACHINE, arch: 'arm64', artifact: '/out/os.raw' };

  test.each<['uefi' | 'secureboot']>([['uefi'], ['secureboot']])('%s', (firmware) => {
    const arm = { ...machine, firmware };
    expect(values(arm, '-machine')).toEqual(['virt']);
    expect(values(arm, '-cpu')).toEqual(['cortex-a72']);
    expect(values({ ...arm, kvm: true }, '-cpu')).toEqual(['max']);
    expect(values(arm, '-drive')[0]).toContain(`file=${AAVMF[firmware].code}`);
    expect(values(arm, '-global')).toEqual([]);
    expect(values(arm, '-device')).toContain('virtio-blk-pci,drive=boot,bootindex=1');
  });

  test('has no BIOS', async () => {
    const error = await failureOf(() => qemuArguments(machine, undefined), 'usage');
    expect(error.message).toBe('arm64 machines have no BIOS');
  });

  test.each([
    ['/o/kairos-debian-12-core-arm64-generic-v1.2.3.raw', 'arm64'],
    ['kairos-debian-12-core-amd64-rpi4-v1.2.3.iso', 'amd64'],
    ['/arm64-disks/disk.qcow2', undefined],
  ])('%s is for %s', (artifact, arch) => {
    expect(artifactArch(artifact)).toBe(arch);
  });
});

test('memory, cores and acceleration follow the options', () => {
  const machine = { ...MACHINE, memory: 4096, cores: 3 };
  expect([values(machine, '-m'), values(machine, '-smp'), values(machine, '-accel')]).toEqual([
    ['4096'],
    ['3'],
    ['tcg'],
  ]);
  expect(values({ ...machine, kvm: true }, '-accel')).toEqual(['kvm']);
});

test('a comma in a path is part of the path', () => {
  const machine: Machine = { ...MACHINE, firmware: 'uefi', artifact: '/out,readonly=off/a,b.raw' };
  expect(values(machine, '-drive', '/tmp/x,y.fd')).toEqual([
    expect.stringContaining('unit=0'),
    'if=pflash,unit=1,format=raw,file=/tmp/x,,y.fd',
    'if=none,id=boot,format=raw,file=/out,,readonly=off/a,,b.raw',
  ]);
});

test('ports of the host lead to ports of the guest, on this machine only unless an address is given', () => {
  const forwards = ['2222:22', '0.0.0.0:5353:53/udp'].map(parseForward);
  expect(values({ ...MACHINE, forwards }, '-netdev')).toEqual([
    'user,id=net,hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=udp:0.0.0.0:5353-:53',
  ]);
  expect(values(MACHINE, '-netdev')).toEqual(['user,id=net']);
});

test('writes are discarded on request, if the medium is writable', () => {
  const has = (machine: Machine) =>
    qemuArguments(machine, undefined).some(
      (argument) => argument.includes('id=boot') && argument.includes('snapshot=on'),
    );
  expect(has(MACHINE)).toBe(false);
  expect(has({ ...MACHINE, snapshot: true })).toBe(true);
  expect(has({ ...MACHINE, snapshot: true, artifact: '/out/os.iso' })).toBe(false);
});

test('an installation target boots first and keeps what is written', () => {
  const args = qemuArguments({ ...MACHINE, snapshot: true, target: '/disks/a,b.qcow2' }, undefined);
  expect(args).toContain('if=none,id=target,format=qcow2,file=/disks/a,,b.qcow2');
  expect(args.indexOf('virtio-blk-pci,drive=target,bootindex=0')).toBeLessThan(
    args.indexOf('virtio-blk-pci,drive=boot,bootindex=1'),
  );
});

test('an ISO with an installation target is a CD, because a BIOS tries one disk only', () => {
  const args = qemuArguments({ ...MACHINE, artifact: '/out/os.iso', target: '/disk.qcow2' }, undefined);
  expect(args).toContain('scsi-cd,drive=boot,bootindex=1');
});

describe('parseFirmware', () => {
  test.each(FIRMWARES)('accepts %s', (firmware) => {
    expect(parseFirmware(firmware)).toBe(firmware);
  });

  test.each([
    ['ufei', 'unknown firmware "ufei" (did you mean "uefi"?)'],
    ['openfirmware', 'unknown firmware "openfirmware"'],
    ['', 'unknown firmware ""'],
  ])('refuses "%s"', async (text, message) => {
    const error = await failureOf(() => parseFirmware(text));
    expect([error.kind, error.message, error.remedy]).toEqual([
      'usage',
      message,
      'Choose one of: bios, uefi, secureboot.',
    ]);
  });
});

describe('diskFormat', () => {
  test.each(['os.squashfs', 'os.raw.zst', 'iso', 'os.ISO', '/out/os'])('refuses %s', async (file) => {
    const error = await failureOf(() => diskFormat(file));
    expect([error.kind, error.message]).toEqual(['usage', `${file} is not bootable`]);
    expect(error.remedy).toContain('.qcow2');
  });
});
