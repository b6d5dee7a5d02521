import { access } from 'node:fs/promises';
import type { Arch } from '../../common/contract/architectures.ts';
import { firmwareImages } from '../boot/machine.ts';
import type { Firmware } from '../config/prove.ts';
import { installAdvice } from '../tools/host-packages.ts';
import { FIRMWARE_PACKAGE } from '../tools/qemu.ts';
import type { Check } from './check.ts';

/** Checks the firmware that machines of an architecture boot with. A BIOS is part of QEMU. */
export async function checkFirmware(arch: Arch, firmware: Firmware): Promise<Check[]> {
  const images = firmwareImages({ arch, firmware });
  if (images === undefined) return [];
  const missing: string[] = [];
  for (const file of [images.code, images.variables]) {
    await access(file).catch(() => missing.push(file));
  }
  const common = { area: 'virtualisation', name: `firmware ${firmware} (${arch})` } as const;
  if (missing.length === 0)
    return [{ ...common, state: 'ok', found: images.code, purpose: 'proves artifacts' }];
  const install = FIRMWARE_PACKAGE[arch];
  return [
    {
      ...common,
      state: 'fault',
      purpose: 'proves artifacts',
      problem: `${missing.join(' and ')} is missing`,
      remedy: installAdvice([install]),
      fix: { install },
    },
  ];
}
