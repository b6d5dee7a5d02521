import { existsSync } from 'node:fs';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { INTERRUPTED_MENU } from '../../../src/agent/deploy/boot-loader.ts';
import { ASSESSMENT } from '../../../src/common/contract/boot-assessment.ts';
import { BOOT_CODE_SIZE } from '../../../src/common/contract/boot-loader.ts';
import { parseGrubEnvironment } from '../../../src/common/contract/grub-environment.ts';
import { interruptedBootCode } from '../../../src/common/contract/interrupted-boot-code.ts';
import {
  GRUB_FILE,
  OEM_FILE,
  PERSISTENT_FILE,
  SLOT_FILE,
} from '../../../src/common/contract/partition-files.ts';
import { tool } from '../tool.ts';

/** The system in a file of a slot: the digest of what is in it, or why it is unusable. `undefined` when there is no file. */
type System = string | undefined;

/** What one reader of the disk finds. GRUB reads filesystems without their journals, and Linux with them. */
export interface View {
  /** The boot menu. */
  readonly menu: string | undefined;
  readonly active: System;
  readonly passive: System;
  readonly recovery: System;
  /** Variables of the boot assessment, and of the menu. */
  readonly marks: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
  /** The node's configuration, and its history. */
  readonly config: string | undefined;
  readonly history: string | undefined;
}

/** Everything on a disk that decides how a node starts. */
export interface NodeOnDisk {
  readonly bootCode: 'none' | 'interrupted' | 'grub';
  /** Names of the partitions. */
  readonly partitions: readonly string[];
  /** Digest of the EFI system partition's files. */
  readonly esp: string | undefined;
  /** Of systems, GRUB reads the boot files only. */
  readonly grub: View;
  readonly linux: View;
}

interface Partition {
  readonly start: number;
  readonly size: number;
}

/** Reads the disk of a node. It mounts its filesystems, which replays their journals. */
export async function readNode(image: string, scratch: string): Promise<NodeOnDisk> {
  const partitions = await readTable(image);
  const read = (reader: Reader) => readView({ image, scratch, partitions, reader });
  const grub = await read('grub');
  return {
    bootCode: await readBootCode(image),
    partitions: [...partitions.keys()].sort(),
    esp: await within({ image, scratch, partitions, reader: 'linux' }, 'efi', (root) =>
      tool('bash', '-o', 'pipefail', '-ec', `cd "$1"; ${CONTENT.linux} | sha256sum`, 'bash', root),
    ),
    grub,
    linux: await read('linux'),
  };
}

async function readTable(image: string): Promise<ReadonlyMap<string, Partition>> {
  // A disk without a table is not an error here.
  const text = await tool('sh', '-c', 'sfdisk --json "$1" || true', 'sh', image);
  if (text === '') return new Map();
  const { partitiontable } = JSON.parse(text) as {
    partitiontable: { partitions?: { name?: string; start: number; size: number }[] };
  };
  return new Map(
    (partitiontable.partitions ?? []).map(({ name = '', start, size }) => [
      name,
      { start: start * 512, size: size * 512 },
    ]),
  );
}

async function readBootCode(image: string): Promise<NodeOnDisk['bootCode']> {
  const handle = await open(image, 'r');
  const { buffer } = await handle.read(Buffer.alloc(BOOT_CODE_SIZE), 0, BOOT_CODE_SIZE, 0);
  await handle.close();
  if (buffer.every((byte) => byte === 0)) return 'none';
  return buffer.equals(interruptedBootCode()) ? 'interrupted' : 'grub';
}

type Reader = 'grub' | 'linux';

interface Disk {
  readonly image: string;
  readonly scratch: string;
  readonly partitions: ReadonlyMap<string, Partition>;
  readonly reader: Reader;
}

async function readView(disk: Disk): Promise<View> {
  const environment = async (file: string) => {
    const block = existsSync(file) ? await readFile(file) : undefined;
    if (block === undefined) return {};
    try {
      return Object.fromEntries(parseGrubEnvironment(block));
    } catch (error) {
      return { damaged: String(error) };
    }
  };
  const text = async (file: string) => (existsSync(file) ? readFile(file, 'utf8') : undefined);
  const state = await within(disk, 'state', async (root) => {
    const menu = await text(join(root, GRUB_FILE.menu));
    // Reading a system takes seconds; what an interrupted installation has of it does not matter.
    const read = async (file: string) => (starts(menu) ? readSystem(disk, join(root, file)) : undefined);
    const [active, passive] = [await read(SLOT_FILE.active), await read(SLOT_FILE.passive)];
    return { menu, active, passive, marks: await environment(root + ASSESSMENT.environment) };
  });
  const recovery = await within(disk, 'recovery', async (root) =>
    starts(state?.menu)
      ? ((await readSystem(disk, join(root, SLOT_FILE.recoverySquashfs))) ??
        (await readSystem(disk, join(root, SLOT_FILE.recovery))))
      : undefined,
  );
  const oem = await within(disk, 'oem', async (root) => ({
    config: await text(join(root, OEM_FILE.config)),
    variables: await environment(join(root, OEM_FILE.grubEnvironment)),
  }));
  const history = await within(disk, 'persistent', (root) => text(join(root, PERSISTENT_FILE.history)));
  const nothing = { menu: undefined, active: undefined, passive: undefined, marks: {} };
  return {
    ...(state ?? nothing),
    recovery,
    ...(oem ?? { config: undefined, variables: {} }),
    history,
  };
}

/** Whether a menu starts a system. */
const starts = (menu: string | undefined) => menu !== undefined && menu !== INTERRUPTED_MENU;

/** Reads something on a partition; `undefined` when it cannot be mounted. */
async function within<T>(
  { image, scratch, partitions, reader }: Disk,
  name: string,
  read: (root: string) => Promise<T>,
): Promise<T | undefined> {
  const partition = partitions.get(name);
  if (partition === undefined) return undefined;
  const { start, size } = partition;
  const options = `loop,offset=${start},sizelimit=${size}${reader === 'grub' ? ',ro,noload' : ''}`;
  return mounted(image, { options, target: join(scratch, 'partition') }, read).catch((error: unknown) => {
    if (error instanceof MountFailure) return undefined;
    throw error;
  });
}

class MountFailure extends Error {}

async function mounted<T>(
  source: string,
  { options, target }: { readonly options: string; readonly target: string },
  read: (root: string) => Promise<T>,
): Promise<T> {
  await mkdir(target, { recursive: true });
  await tool('mount', '-o', options, source, target).catch((error: unknown) => {
    throw new MountFailure(String(error));
  });
  try {
    return await read(target);
  } finally {
    // Another mount namespace may have got a copy in the meantime.
    await tool('umount', '--lazy', target);
  }
}

/** What GRUB needs of a system, and everything in it. */
const CONTENT: Readonly<Record<Reader, string>> = {
  grub: 'cat boot/vmlinuz boot/initrd etc/cos/bootargs.cfg etc/kairos-release',
  linux: 'tar --sort=name --mtime=@0 --exclude=./lost+found -c .',
};

/** Reads a system in a mount namespace of its own, which ends with its mount: nothing keeps the partition busy. */
async function readSystem({ scratch, reader }: Disk, file: string): Promise<System> {
  if (!existsSync(file)) return undefined;
  const target = join(scratch, 'system');
  await mkdir(target, { recursive: true });
  const read = `mount -o loop,ro "$1" "$2"; cd "$2"; ${CONTENT[reader]} | sha256sum`;
  try {
    if (reader === 'linux' && !file.endsWith('.squashfs')) await tool('e2fsck', '-f', '-n', file);
    const digest = await tool(
      'unshare',
      '--mount',
      'bash',
      '-o',
      'pipefail',
      '-ec',
      read,
      'bash',
      file,
      target,
    );
    return digest.slice(0, 12);
  } catch (error) {
    return `unusable: ${String(error).split('\n').slice(0, 3).join(' ')}`;
  }
}
