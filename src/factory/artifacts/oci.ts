import { artifactBaseName, imageTag } from '../../common/contract/artifact-names.ts';
import { identityFrom } from '../../common/contract/kairos-release.ts';
import { SIZE_LABEL, VERSION_LABEL } from '../../common/contract/slot-size.ts';
import { type LayoutOptions, writeOciLayout } from '../inputs/base/oci-layout.ts';
import { compressGzip, compressZstd, GZIP, ZSTD } from '../tools/compressors.ts';
import { packDirectory, TAR } from '../tools/tar.ts';
import type { Artifact } from './artifact.ts';

/** The OS image as an OCI image layout with one compressed layer, so that its digest does not depend on engine and layer cache. */
export const oci: Artifact = {
  kind: 'oci',
  extension: '.oci',
  needs: ['image'],
  tools: [TAR, ZSTD, GZIP],
  inputs: ({ ociCompression }) => ociCompression,
  make: async (inputs, { runner, output }) => {
    await using image = await inputs.openRoot();
    const format = inputs.spec.ociCompression;
    const compress = { gzip: compressGzip, zstd: compressZstd }[format];
    const identity = identityFrom(new Map(Object.entries(inputs.facts.release)));
    const description: LayoutOptions = {
      arch: identity.arch,
      epoch: inputs.facts.epoch,
      tag: imageTag(identity),
      labels: {
        'org.opencontainers.image.title': artifactBaseName(identity),
        [VERSION_LABEL]: identity.version,
        [SIZE_LABEL]: String(inputs.facts.tree.bytes),
      },
      compression: { format, compress: (source, sink) => compress(runner, source, sink) },
    };
    await writeOciLayout(output, description, (stream) => packDirectory(runner, image.root, stream));
  },
};
