import { z } from 'zod';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { unpackImage } from '../../common/oci/layers/unpack-image.ts';

/** How a bundle is installed. */
export interface BundleOptions {
  /** Where the files of a container bundle go; `/` by default. */
  readonly rootPath?: string | undefined;
  /** The target names a tar file of the node, for machines without a network. */
  readonly localFile?: boolean | undefined;
}

/** An entry of `bundles` in a configuration (docs/contract.md 4.3). */
const Bundle = z.looseObject({
  targets: z.array(z.string()).default([]),
  rootfs_path: z.string().optional(),
  local_file: z.boolean().optional(),
});

/**
 * Installs an entry of `bundles` (docs/contract.md 4.3, 5.7), one target after the other.
 *
 * @throws FactoryError `usage` for an entry that is none, and all that {@link installBundleTarget} throws
 */
export async function installBundle(host: Host, bundle: unknown): Promise<void> {
  const parsed = Bundle.safeParse(bundle);
  if (!parsed.success) {
    throw new FactoryError(
      'BUNDLE_INVALID',
      `an entry of "bundles" cannot be read: ${z.prettifyError(parsed.error)}`,
      {
        remedy: 'Write targets: ["run://IMAGE"] or the like.',
      },
    );
  }
  const { targets, rootfs_path: rootPath, local_file: localFile } = parsed.data;
  for (const target of targets) await installBundleTarget(host, target, { rootPath, localFile });
}

/**
 * Installs one bundle (docs/contract.md 5.7): `container://` and `docker://` are unpacked over the root path; `run://`
 * is unpacked aside, and its `run.sh` does the rest, told by `CONTAINERDIR` where it is and by `BUNDLE_TARGET` what it
 * is called.
 *
 * @throws FactoryError `usage` for `package://` and unknown kinds, `step` when the image cannot be had or `run.sh` fails
 */
export async function installBundleTarget(
  host: Host,
  target: string,
  options: BundleOptions = {},
): Promise<void> {
  const [, kind, name] = /^(\w+):\/\/(.+)$/s.exec(target.trim()) ?? [];
  const rootPath = options.rootPath || '/';
  if (name === undefined) throw unknownKind(target);
  // With a file the two slashes of the kind may be the beginning of an absolute path's three.
  const source = options.localFile ? `ocifile:${name.startsWith('/') ? name : `/${name}`}` : name;
  switch (kind?.toLowerCase()) {
    case 'container':
    case 'docker':
      await host.makeDirectory(rootPath);
      await unpackImage(host, source, rootPath, {});
      return;
    case 'run':
      await runBundle(host, source, name);
      return;
    case 'package':
      throw new FactoryError(
        'BUNDLE_INVALID',
        `${target} is a package of luet, which this agent does not have`,
        {
          remedy: 'Use the same software as container:// or run:// bundle, or put it into the image.',
        },
      );
    default:
      throw unknownKind(target);
  }
}

async function runBundle(host: Host, source: string, name: string): Promise<void> {
  const directory = await host.temporary('kairos-bundle-');
  try {
    await unpackImage(host, source, directory, {});
    if ((await host.stat(`${directory}/run.sh`))?.kind !== 'file') {
      throw new FactoryError('BUNDLE_INVALID', `the bundle ${name} has no run.sh`, {
        remedy: 'If its files are what is wanted, use container:// in place of run://.',
      });
    }
    // By the shell: /tmp may be mounted without leave to execute.
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
  return new FactoryError('BUNDLE_INVALID', `"${target}" is no bundle`, {
    remedy: 'Write container://IMAGE, docker://IMAGE or run://IMAGE.',
  });
}
