import { spawn } from 'node:child_process';
import { isDiskFull } from '../../errors/explain.ts';
import { FactoryError } from '../../errors/factory-error.ts';
import type { Host } from '../../host/host.ts';
import { unpackProgram } from './unpack-program.ts';

/** Directories of a running system whose content is not part of an image (docs/contract.md 1.5). */
export const SKIPPED = ['mnt', 'proc', 'sys', 'dev', 'tmp', 'host', 'run'] as const;

/** Exit status of rsync(1) when files vanished during the copy. */
const RSYNC_VANISHED = 24;
/** Exit status of tar(1) when files changed or vanished during the copy. */
const TAR_CHANGED = 1;

/** Options of {@link copyTree}. */
export interface CopyTreeOptions {
  readonly target: string;
  /** rsync(1) patterns of files to exclude; one that starts with `/` is anchored at the root of the tree. */
  readonly exclude?: readonly string[] | undefined;
}

/**
 * Copies a tree with owners, times, links, holes, ACLs and extended attributes, including capabilities, which upstream
 * loses (docs/contract.md 1.5). The directories {@link SKIPPED} are created, but stay empty.
 * @throws FactoryError `step` when a file cannot be copied, `usage` when the source is not a directory
 */
export async function copyTree(
  host: Host,
  source: string,
  { target, exclude = [] }: CopyTreeOptions,
): Promise<void> {
  const stats = await host.stat(source);
  if (stats?.kind !== 'directory') {
    throw new FactoryError('FILE_NOT_FOUND', `${source} is not a directory`, {
      remedy: 'Check the path of the source.',
    });
  }
  await host.makeDirectory(target);
  const top = source.endsWith('/') ? source : `${source}/`;
  const own = `${target}/`.startsWith(top) ? [`/${target.slice(top.length).replace(/\/+$/, '')}/*`] : [];
  const patterns = [...SKIPPED.map((name) => `/${name}/*`), ...own, ...exclude];
  if (await host.has('rsync')) {
    const excluded = patterns.map((pattern) => `--exclude=${pattern}`);
    const args = ['-aHAXS', '--numeric-ids', ...excluded, '--', top, `${target}/`];
    const finished = await host.run('rsync', args, { allowFailure: true });
    if (finished.status === 0) return;
    if (finished.status === RSYNC_VANISHED) {
      return host.log('warn', 'some files disappeared during the copy');
    }
    throw uncopied(source, finished.stderr);
  }
  const { name, args } = await unpackProgram(host);
  const input = packTree(host, host.resolve(source), patterns);
  await host.pipeInto(name, [...args, '-C', host.resolve(target), '-f', '-'], input);
}

/**
 * Packs a tree as a tar.
 * @param source host path of the tree
 * @param patterns files to exclude, as in {@link copyTree}
 * @throws FactoryError `step` when a file cannot be read
 */
export async function* packTree(
  host: Host,
  source: string,
  patterns: readonly string[] = [],
): AsyncGenerator<Buffer> {
  const excluded = patterns.flatMap((pattern) =>
    pattern.startsWith('/')
      ? ['--anchored', `--exclude=.${pattern}`]
      : ['--no-anchored', `--exclude=${pattern}`],
  );
  const options = [
    '--xattrs',
    '--xattrs-include=*',
    '--acls',
    '--numeric-owner',
    '--sparse',
    '--format=posix',
  ];
  const args = ['-c', ...options, ...excluded, '-C', source, '-f', '-', '.'];
  const child = spawn('tar', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = `${stderr}${chunk.toString()}`.slice(-4096);
  });
  const ended = new Promise<number>((resolve) => {
    child.on('error', () => resolve(127));
    child.on('close', (status) => resolve(status ?? 128));
  });
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
  } finally {
    child.stdout.destroy();
  }
  const status = await ended;
  if (status === TAR_CHANGED) host.log('warn', `some files changed during the copy: ${stderr.trim()}`);
  else if (status !== 0) throw uncopied(source, stderr);
}

function uncopied(source: string, stderr: string): FactoryError {
  const details = stderr.split('\n').filter((line) => line.trim() !== '');
  const isFull = isDiskFull({ details });
  return new FactoryError(isFull ? 'DISK_FULL' : 'IMAGE_UNPACK_FAILED', `${source} cannot be copied`, {
    details: details.slice(-10),
    remedy: isFull ? 'There is no space left: use larger partitions.' : 'Check "dmesg" for disk errors.',
  });
}
