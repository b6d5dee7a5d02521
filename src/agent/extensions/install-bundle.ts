import { z } from 'zod';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { unpackAdmitted } from '../trust/unpack-admitted.ts';

/** Options for installing a bundle. */
export interface BundleOptions {
  /** Root directory for the files of a container bundle. Default: `/`. */
  readonly rootPath?: string | undefined;
  /** The target is a local tar file, for machines without a network. */
  readonly localFile?: boolean | undefined;
  /** Skip the trust policy, with a warning in the log. */
  readonly skipVerify?: boolean | undefined;
}

/** An entry of `bundles` in a configuration (docs/contract.md 4.3). */
const Bundle = z.looseObject({
  targets: z.array(z.string()).default([]),
  rootfs_path: z.string().optional(),
  local_file: z.boolean().optional(),
});

/**
 * Installs the targets of an entry of `bundles` in order (docs/contract.md 4.3, 5.7).
 *
 * @throws FactoryError `usage` for an entry that is not valid, and the errors of {@link installBundleTarget}
 */
export async function installBundle(host: Host, bundle: unknown): Promise<void> {
  const parsed = Bundle.safeParse(bundle);
  if (!parsed.success) {
    throw new FactoryError(
      'BUNDLE_INVALID',
      `an entry of "bundles" is not valid: ${z.prettifyError(parsed.error)}`,
      {
        remedy: 'Write, for example, targets: ["run://IMAGE"].',
      },
    );
  }
  const { targets, rootfs_path: rootPath, local_file: localFile } = parsed.data;
  for (const target of targets) await installBundleTarget(host, target, { rootPath, localFile });
}

/**
 * Installs one bundle (docs/contract.md 5.7): `container://` and `docker://` images are unpacked into the root path. A
 * `run://` image is unpacked into a temporary directory, and its `run.sh` runs there with `CONTAINERDIR` set to that
 * directory and `BUNDLE_TARGET` to the name of the image.
 *
 * @throws FactoryError `usage` for `package://` and unknown kinds, `step` when the image cannot be fetched or `run.sh` fails,
 * `verification` when the trust policy refuses the image
 */
export async function installBundleTarget(
  host: Host,
  target: string,
  options: BundleOptions = {},
): Promise<void> {
  const [, kind, name] = /^(\w+):\/\/(.+)$/s.exec(target.trim()) ?? [];
  const { skipVerify, rootPath: wanted } = options;
  const rootPath = wanted || '/';
  if (name === undefined) throw unknownKind(target);
  // "KIND://path" also stands for the absolute path of a file, usually written with three slashes.
  const source = options.localFile ? `ocifile:${name.startsWith('/') ? name : `/${name}`}` : name;
  switch (kind?.toLowerCase()) {
    case 'container':
    case 'docker':
      await unpackAdmitted(host, source, { target: rootPath, skipVerify });
      return;
    case 'run':
      await runBundle(host, { source, name, skipVerify });
      return;
    case 'package':
      throw new FactoryError(
        'BUNDLE_INVALID',
        `${target} is a luet package, which this agent does not support`,
        {
          remedy: 'Use a container:// or run:// bundle with the same software, or add it to the image.',
        },
      );
    default:
      throw unknownKind(target);
  }
}

/** A bundle to run. */
interface Run extends Pick<BundleOptions, 'skipVerify'> {
  readonly source: string;
  /** The name of its image. */
  readonly name: string;
}

async function runBundle(host: Host, { source, name, skipVerify }: Run): Promise<void> {
  const directory = await host.temporary('kairos-bundle-');
  try {
    await unpackAdmitted(host, source, { target: directory, skipVerify });
    if ((await host.stat(`${directory}/run.sh`))?.kind !== 'file') {
      throw new FactoryError('BUNDLE_INVALID', `the bundle ${name} has no run.sh`, {
        remedy: 'To install only its files, use container:// instead of run://.',
      });
    }
    // Run through the shell, because /tmp may be mounted with noexec.
    const { stdout } = await host.run('sh', ['run.sh'], {
      cwd: directory,
      env: { CONTAINERDIR: directory, BUNDLE_TARGET: name },
    });
    if (stdout.trim() !== '') host.log('info', stdout.trimEnd());
  } finally {
    await host.remove(directory);
  }
}

function unknownKind(target: string): FactoryError {
  return new FactoryError('BUNDLE_INVALID', `"${target}" is not a bundle`, {
    remedy: 'Write container://IMAGE, docker://IMAGE or run://IMAGE.',
  });
}
