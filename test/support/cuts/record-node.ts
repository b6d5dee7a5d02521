import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { sfdiskScript } from '../../../src/agent/deploy/disk.ts';
import { extOptions } from '../../../src/common/contract/filesystems.ts';
import { MIB, planDisk } from '../../../src/common/contract/partitions.ts';
import { tool } from '../tool.ts';
import type { Span } from './choose-cuts.ts';
import { exportImage } from './exported-image.ts';

/** The operations that a node runs, in this order, on one disk. */
export const OPERATIONS = ['install', 'upgrade', 'reset'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** A disk, and everything that was written to it since it was empty. */
export interface RecordedNode {
  /** The log of QEMU's driver `blklogwrites`. */
  readonly log: string;
  /** Size of the disk in MiB. */
  readonly mib: number;
  readonly spans: Readonly<Record<Operation, Span>>;
}

/** The kernel's command line, and the command. */
const RUNS: Readonly<Record<Operation, readonly [string, ...string[]]>> = {
  install: ['root=live:LABEL=COS_LIVE', 'kairos-agent', 'manual-install', '/run/config.yaml'],
  upgrade: ['root=LABEL=COS_ACTIVE', 'kairos-agent', 'upgrade', '--source', 'dir:/run/next'],
  reset: ['root=LABEL=COS_SYSTEM kairos.reset', 'kairos-agent', 'reset', '--unattended'],
};

/** Reads the recording that a directory has, if it has one. */
export async function readRecording(directory: string): Promise<RecordedNode | undefined> {
  const text = await readFile(join(directory, 'node.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as RecordedNode);
}

/** Runs every operation of a system's own agent on a disk that records what is written to it, and each time it is flushed. */
export async function recordNode(squashfs: string, directory: string): Promise<RecordedNode> {
  await mkdir(directory, { recursive: true });
  const log = join(directory, 'node.log');
  const layout = planDisk({ systemImage: 1100, recoveryImage: 1100, oem: 64, persistent: 256 });
  const mib = layout.size / MIB;
  await tool('truncate', '--size', '0', log);
  await tool('truncate', '--size', `${mib}M`, join(directory, 'node.raw'));
  const drive = ['driver=blklogwrites,log-sector-size=512'];
  drive.push(`file.driver=file,file.filename=${join(directory, 'node.raw')}`);
  drive.push(`log.driver=file,log.filename=${log}`);
  await using image = await exportImage(join(directory, 'recorded.img'), drive.join(','));
  await execa('sfdisk', ['--quiet', image.path], { input: sfdiskScript(layout, 512) });
  const disk = await tool('losetup', '--find', '--show', image.path);
  try {
    // A kernel without support for partition tables takes them from a program.
    await tool('partx', '--add', disk);
    for (const [index, { label = '', filesystem }] of layout.partitions.entries()) {
      // The kernel of a test machine may lack FAT; ext2 has no journal either.
      const type = filesystem === 'vfat' ? 'ext2' : 'ext4';
      if (filesystem !== undefined) await tool('mke2fs', ...extOptions(type, label), `${disk}p${index + 1}`);
    }
    const spans: Partial<Record<Operation, Span>> = {};
    for (const operation of OPERATIONS) {
      await tool('sync');
      const start = (await stat(log)).size;
      const script = join(import.meta.dirname, 'run-on-node.sh');
      await tool('unshare', '--mount', 'sh', script, squashfs, directory, disk, ...RUNS[operation]);
      spans[operation] = { start, end: (await stat(log)).size };
    }
    const node = { log, mib, spans: spans as Record<Operation, Span> };
    await writeFile(join(directory, 'node.json'), JSON.stringify(node));
    return node;
  } finally {
    await tool('partx', '--delete', disk);
    await tool('losetup', '--detach', disk);
  }
}
