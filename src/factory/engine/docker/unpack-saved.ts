import { Readable } from 'node:stream';
import { applyLayers } from '../../../common/oci/layers/apply-layers.ts';
import { openLocalImage } from '../../../common/oci/layers/local-image.ts';
import type { HostTool } from '../../tools/host-tool.ts';
import type { Runner } from '../../tools/runner.ts';
import { tarNamed } from '../../tools/tar.ts';

/**
 * Unpacks an archive of `docker save` into an empty directory, with owners, capabilities and hard links. The image's own
 * layers, and not the export of a container: to that, the daemon adds files of its own, and takes away what the image has
 * in their places (`/.dockerenv`, `/dev`, and hostname, hosts, mtab and resolv.conf of `/etc`).
 * @param unpacked where a compressed archive is decompressed to
 * @throws FactoryError `verification` when it is corrupt, `step` when it cannot be written
 */
export async function unpackSaved(
  runner: Runner,
  file: string,
  target: string,
  { unpacked, arch }: { readonly unpacked: string; readonly arch: string },
): Promise<void> {
  const { layers } = await openLocalImage(file, { os: 'linux', architecture: arch }, unpacked);
  await applyLayers(layerHost(runner), layers, target);
}

/** The factory's machine, as unpacking layers needs it: programs that unpack a tar, and no others. */
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
  if (tool === undefined) throw new RangeError(`${program} does not unpack a tar`);
  return tool;
}
