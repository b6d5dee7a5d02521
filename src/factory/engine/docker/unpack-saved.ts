import { Readable } from 'node:stream';
import { applyLayers } from '../../../common/oci/layers/apply-layers.ts';
import { openLocalImage } from '../../../common/oci/layers/local-image.ts';
import type { HostTool } from '../../tools/host-tool.ts';
import type { Runner } from '../../tools/runner.ts';
import { tarNamed } from '../../tools/tar.ts';

/**
 * Unpacks an archive of `docker save` into an empty directory, with owners, capabilities and hard links. It applies the
 * image's layers, because in the export of a container the daemon replaces files of the image with its own (`/.dockerenv`,
 * `/dev`, and hostname, hosts, mtab and resolv.conf of `/etc`).
 * @param options.unpacked path to decompress a compressed archive to
 * @throws FactoryError `verification` when it is corrupt, `step` when it cannot be written
 */
export async function unpackSaved(
  runner: Runner,
  options: {
    readonly archive: string;
    readonly target: string;
    readonly unpacked: string;
    readonly arch: string;
  },
): Promise<void> {
  const { archive, target, unpacked, arch } = options;
  const { layers } = await openLocalImage(archive, {
    platform: { os: 'linux', architecture: arch },
    unpacked,
  });
  await applyLayers(layerHost(runner), layers, { target });
}

/** The host for unpacking layers: it runs programs that unpack a tar, and no others. */
export function layerHost(runner: Runner): Parameters<typeof applyLayers>[0] {
  return {
    has: async (program) => {
      const tool = tarNamed(program);
      if (tool === undefined) return false;
      return runner.locate(tool).then(
        () => true,
        () => false,
      );
    },
    run: async (program, args, options) => {
      const acceptExit = () => options?.allowFailure === true;
      const result = await runner.run(required(program), args, { acceptExit });
      return { ...result, status: result.exitCode };
    },
    pipeInto: async (program, args, input, options) => {
      const result = await runner.run(required(program), args, {
        input: Readable.from(input),
        ...(options?.env ? { env: options.env } : {}),
      });
      return { ...result, status: result.exitCode };
    },
  };
}

function required(program: string): HostTool {
  const tool = tarNamed(program);
  if (tool === undefined) throw new RangeError(`${program} cannot unpack a tar`);
  return tool;
}
