import type { Host } from '../../common/host/host.ts';
import { parseSource } from '../../common/oci/layers/source.ts';
import {
  type UnpackedImage,
  type UnpackImageOptions,
  unpackImage,
} from '../../common/oci/layers/unpack-image.ts';
import { admitSource } from './admit-source.ts';

/** Options of {@link unpackAdmitted}. */
export interface UnpackAdmittedOptions extends UnpackImageOptions {
  readonly platform?: string;
  /** Skip the trust policy, with a warning in the log. */
  readonly skipVerify?: boolean | undefined;
}

/**
 * Unpacks an image that the node's trust policy admits. Nothing is fetched but its manifest and signatures before that.
 * @throws the errors of `admitSource` and `unpackImage`
 */
export async function unpackAdmitted(
  host: Host,
  source: string,
  { skipVerify: skip, ...options }: UnpackAdmittedOptions,
): Promise<UnpackedImage> {
  const { insecure, platform } = options;
  const admitted = await admitSource(host, parseSource(source), { skip, insecure, platform });
  return unpackImage(host, admitted, options);
}
