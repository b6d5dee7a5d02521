import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Arch } from '../../common/contract/architectures.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { hashFile } from '../../common/files/digest.ts';
import { artifactArch } from '../boot/machine.ts';
import { type ReadScript, readScript } from './read-script.ts';

/** A system that machines of one architecture boot: an artifact `netboot`. */
export interface NetbootSystem extends ReadScript {
  readonly arch: Arch;
  /** Without an ending. */
  readonly name: string;
  /** The directory of its files. */
  readonly directory: string;
  /** The text of the script. */
  readonly script: string;
}

const ENDING = '.ipxe';
const MAKE = 'Make the files: kairos-factory build --artifact netboot --output DIR';

/**
 * Finds the artifacts `netboot` of a directory, at most one for each architecture, and checks that their files are of one build.
 * @param path the directory, or one script
 * @throws FactoryError `usage` when there is none, several for one architecture, or a file is missing; `verification` for a
 * squashfs of another build
 */
export async function netbootSystems(
  path: string,
  signal?: AbortSignal,
): Promise<[NetbootSystem, ...NetbootSystem[]]> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined)
    throw new FactoryError('FILE_NOT_FOUND', `${path} does not exist`, {
      remedy: 'Give the directory of an artifact netboot.',
    });
  const files = stats.isDirectory()
    ? (await readdir(path)).filter((name) => name.endsWith(ENDING)).map((name) => join(path, name))
    : [path];
  const found = await Promise.all(files.sort().map(readSystem));
  const [first, ...others] = found.filter((system) => system !== undefined);
  if (first === undefined)
    throw new FactoryError(
      'SOURCE_UNSUITABLE',
      `${path} is not an artifact netboot: it has no script for iPXE`,
      { remedy: MAKE },
    );
  const systems: [NetbootSystem, ...NetbootSystem[]] = [first, ...others];
  requireDistinct(systems);
  for (const system of systems) await checkFiles(system, signal);
  return systems;
}

/** @returns `undefined` for a script of another kind */
async function readSystem(file: string): Promise<NetbootSystem | undefined> {
  const script = await readFile(file, 'utf8');
  const read = readScript(script);
  const arch = artifactArch(file);
  if (read === undefined || arch === undefined) return undefined;
  const directory = dirname(file);
  return { ...read, arch, directory, script, name: file.slice(directory.length + 1, -ENDING.length) };
}

function requireDistinct(systems: readonly NetbootSystem[]): void {
  const twice = systems.find(
    ({ arch }, index) => systems.findIndex((other) => other.arch === arch) !== index,
  );
  if (twice === undefined) return;
  throw new FactoryError('SOURCE_UNSUITABLE', `there are several systems for ${twice.arch}`, {
    details: systems.filter(({ arch }) => arch === twice.arch).map(({ name }) => `${name}${ENDING}`),
    remedy: 'Give the path of one of these scripts instead of the directory.',
  });
}

async function checkFiles(system: NetbootSystem, signal?: AbortSignal): Promise<void> {
  const { directory, kernel, initrd, root, config } = system;
  for (const name of [kernel, initrd, root, ...(config === undefined ? [] : [config])]) {
    const stats = await stat(join(directory, name)).catch(() => undefined);
    if (stats?.isFile() && stats.size > 0) continue;
    throw new FactoryError('BUILD_OUTPUT_INVALID', `${join(directory, name)} is missing or empty`, {
      remedy: `The script ${system.name}${ENDING} needs it. ${MAKE}`,
    });
  }
  const found = await hashFile(join(directory, root), signal);
  if (found === system.sha256) return;
  // Each machine would refuse it, minutes later.
  throw new FactoryError('DIGEST_MISMATCH', `${join(directory, root)} is of another build than the script`, {
    details: [`expected sha256:${system.sha256}`, `found sha256:${found}`],
    remedy: MAKE,
  });
}
