import type { BootState } from '../../common/contract/boot-state.ts';
import { LABEL } from '../../common/contract/labels.ts';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import type { Host } from '../../common/host/host.ts';

/** Words of the kernel command line, checked in this order and matched anywhere in it, as upstream does (docs/contract.md 2.4). */
const WORDS: readonly (readonly [BootState, readonly string[]])[] = [
  ['autoreset_boot', ['kairos.reset']],
  ['active_boot', [LABEL.active]],
  ['passive_boot', [LABEL.passive]],
  ['recovery_boot', [LABEL.recovery, LABEL.recoverySystem, 'recovery-mode']],
  ['livecd_boot', ['live:LABEL', 'live:CDLABEL', 'netboot']],
];

/** Prefixes of the names of systemd-boot's entries (docs/contract.md 2.4). */
const ENTRIES: readonly (readonly [string, BootState])[] = [
  ['active', 'active_boot'],
  ['passive', 'passive_boot'],
  ['recovery', 'recovery_boot'],
  ['statereset', 'autoreset_boot'],
];

/** GUID of systemd's boot loader interface. */
const LOADER = '4a67b082-0a4c-41cf-b6c7-440b29bb8c4f';

/** Detects the boot state from the kernel command line or, for a unified kernel image, from EFI variables (docs/contract.md 2.4). */
export async function bootState(host: Host): Promise<BootState> {
  const line = (await host.readText('/proc/cmdline')) ?? '';
  if (line.includes('kairos.ram')) return 'active_boot';
  if (line.includes('rd.immucore.uki')) return unifiedState(host);
  return WORDS.find(([, words]) => words.some((word) => line.includes(word)))?.[0] ?? 'unknown';
}

async function unifiedState(host: Host): Promise<BootState> {
  const device = await efiVariable(host, `LoaderDevicePartUUID-${LOADER}`);
  if (device === undefined) return 'livecd_boot';
  const selected = utf16(await efiVariable(host, `LoaderEntrySelected-${LOADER}`));
  return ENTRIES.find(([prefix]) => selected.startsWith(prefix))?.[1] ?? 'unknown';
}

/** The value of an EFI variable, without its four attribute bytes; `undefined` when it does not exist. */
export async function efiVariable(host: Host, name: string): Promise<Uint8Array | undefined> {
  const bytes = await host.readBytes(`/sys/firmware/efi/efivars/${name}`);
  return bytes?.subarray(4);
}

function utf16(bytes: Uint8Array | undefined): string {
  return new TextDecoder('utf-16le').decode(bytes).replace(/\0.*$/s, '');
}

/** Names of the sentinel files that the initramfs created in `/run/cos`: `active_mode`, `upgrade_failure`, … (docs/contract.md 2.4). */
export async function sentinels(host: Host): Promise<ReadonlySet<string>> {
  return new Set((await host.list(NODE_PATH.run)).filter((name) => !name.includes('.')));
}
