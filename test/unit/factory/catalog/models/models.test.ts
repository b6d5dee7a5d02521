import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bootargs } from '../../../../../src/common/contract/kernel-command-line.ts';
import { loadFlavor } from '../../../../../src/factory/catalog/flavors/load.ts';
import { select } from '../../../../../src/factory/catalog/flavors/select.ts';
import { requireBoard, resolveBoard } from '../../../../../src/factory/catalog/models/board.ts';
import { listModels, loadModel } from '../../../../../src/factory/catalog/models/load.ts';
import { FLAVORS, MODELS } from '../../../../../src/factory/pipeline/project-files.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

const debian = await loadFlavor(FLAVORS, 'debian');
const arm = (releaseVersion: string) => ({ arch: 'arm64', releaseVersion });

test('the models are those of docs/contract.md 6.1', async () => {
  expect(await listModels(MODELS)).toEqual([
    'generic',
    'nvidia-dgx-spark',
    'nvidia-jetson-agx-orin',
    'nvidia-jetson-orin-nx',
    'nvidia-jetson-thor',
    'rpi3',
    'rpi4',
  ]);
});

describe('the command line', () => {
  // As in docs/contract.md 2.2, except for generic arm64: Arm's own servers have no ttyS0, and an extra console is harmless.
  test.each([
    ['generic', 'console=ttyAMA0 console=ttyS0 console=tty1', ''],
    [
      'rpi3',
      'console=ttyS0,115200 console=tty1',
      'modprobe.blacklist=vc4 8250.nr_uarts=1 cgroup_enable=memory',
    ],
    [
      'rpi4',
      'console=ttyS0,115200 console=tty1',
      'modprobe.blacklist=vc4 8250.nr_uarts=1 cgroup_enable=memory',
    ],
    ['nvidia-jetson-agx-orin', 'console=ttyTCU0,115200 console=tty1', ''],
    ['nvidia-jetson-orin-nx', 'console=ttyTCU0,115200 console=ttyAMA0,115200 console=tty1', ''],
    [
      'nvidia-jetson-thor',
      'console=ttyUTC0,115200 console=tty1',
      'earlycon=tegra_utc,mmio32,0xc5a0000 pd_ignore_unused clk_ignore_unused fbcon=map:0 nospectre_bhb efi=runtime',
    ],
    [
      'nvidia-dgx-spark',
      'console=ttyS0,921600 console=tty1',
      'initcall_blacklist=tegra234_cbb_init pci=pcie_bus_safe iommu.passthrough=0',
    ],
  ])('of %s', async (name, consoles, rest) => {
    const board = resolveBoard(await loadModel(MODELS, name), debian, arm('12'));
    const text = bootargs(board);
    expect(text).toContain(`set kernelcmd="${consoles} net.ifnames=1 `);
    expect(text).toContain(` cos-img/filename=$img selinux=0${rest && ` ${rest}`}"`);
  });

  test('of generic amd64 is that of the contract', async () => {
    const target = { arch: 'amd64', releaseVersion: '12' };
    expect(resolveBoard(await loadModel(MODELS, 'generic'), debian, target).consoles).toEqual(['ttyS0']);
  });
});

describe('rpi4 on Debian', () => {
  test.each([
    ['11', ['non-free']],
    ['12', ['non-free-firmware']],
    ['13', ['non-free-firmware']],
  ])('%s installs firmware, U-Boot and the kernel with drivers', async (version, components) => {
    const board = resolveBoard(await loadModel(MODELS, 'rpi4'), debian, arm(version));
    const { packages } = select(board.flavor, arm(version), {
      kernel: 'generic',
      extraPackages: board.packages,
    });
    expect(packages).toEqual(expect.arrayContaining(['linux-image-arm64', 'raspi-firmware', 'u-boot-rpi']));
    expect(packages.filter((name) => /amd64|grub-pc/.test(name))).toEqual([]);
    expect(board.components).toEqual(components);
    expect(board.files.map(({ to }) => to)).toEqual([
      'start4.elf',
      'fixup4.dat',
      'bcm2711-rpi-4-b.dtb',
      'u-boot.bin',
    ]);
    expect(board.texts['config.txt']).toMatch(/^kernel=u-boot\.bin$/m);
  });

  test('also applies to the user’s own flavor that extends it', async () => {
    const board = resolveBoard(await loadModel(MODELS, 'rpi4'), { ...debian, name: 'mine' }, arm('12'));
    expect(board.packages).toContain('raspi-firmware');
  });

  test('has no cloud kernel', async () => {
    const board = resolveBoard(await loadModel(MODELS, 'rpi4'), debian, arm('12'));
    const error = await failureOf(() => select(board.flavor, arm('12'), { kernel: 'cloud' }), 'usage');
    expect(error.remedy).toBe('Choose one of: generic.');
  });
});

describe('refused:', () => {
  test.each(['rpi4', 'nvidia-dgx-spark'])('%s for amd64, with the way out', async (name) => {
    const model = await loadModel(MODELS, name);
    const error = await failureOf(() => requireBoard(model, debian, 'amd64'), 'usage');
    expect(error.message).toBe(`model ${name} (${model.title}) is for arm64, not for amd64`);
    expect(error.remedy).toContain('--arch arm64');
  });

  test('a flavor that the board does not list', async () => {
    const model = await loadModel(MODELS, 'rpi4');
    const other = { ...debian, name: 'other', 'os-release-id': 'other' };
    const error = await failureOf(() => requireBoard(model, other, 'arm64'), 'usage');
    expect([error.message, error.remedy]).toEqual([
      'model rpi4 does not support flavor other',
      expect.stringContaining('debian'),
    ]);
  });

  // Ubuntu is in Debian's family, but has other components and packages for these boards (docs/contract.md 6.3).
  test('a flavor of the same family with other firmware packages', async () => {
    const model = await loadModel(MODELS, 'rpi4');
    const ubuntu = await loadFlavor(FLAVORS, 'ubuntu');
    const error = await failureOf(() => requireBoard(model, ubuntu, 'arm64'), 'usage');
    expect(error.message).toBe('model rpi4 does not support flavor ubuntu');
  });

  test('a misspelt name', async () => {
    const error = await failureOf(() => loadModel(MODELS, 'rip4'), 'usage');
    expect(error.message).toBe('unknown model "rip4" (did you mean "rpi4"?)');
  });

  test.each([
    ['arguments: ["a b"]', '4:13'],
    ['arguments: [\'x"; reboot; "\']', '4:13'],
    ['consoles: {arm64: ["ttyS0 init=/bin/sh"]}', '3:20'],
    ['firmware-config: {../etc/passwd: x}', '4:1'],
    ['flavors: {debian: {files: [{from: /a, to: /b}]}}', '4:39'],
  ])('a file with %s', async (line, place) => {
    const consoles = line.startsWith('consoles') ? line : 'consoles: {arm64: [ttyS0]}';
    const text = ['name: bad', 'title: Bad', 'arches: [arm64]'];
    const lines = line.startsWith('consoles')
      ? [text[0], text[1], line, text[2]]
      : [text[0], text[1], consoles];
    const rest = line.startsWith('consoles') ? [] : [line, text[2]];
    const home = plant(temporaryDirectory(), { 'bad.yaml': [...lines, ...rest].join('\n') });
    const error = await failureOf(() => loadModel(home, 'bad'), 'usage');
    expect(error.message.startsWith(`${join(home, 'bad.yaml')}:${place}`), error.message).toBe(true);
  });
});
