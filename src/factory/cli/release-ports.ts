import { isDeepStrictEqual } from 'node:util';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { SignSpec } from '../config/signing.ts';
import type { PublishedGroup } from '../deliver/publish/publish-build.ts';
import { verifyOutput } from '../deliver/publish/verify-output.ts';
import type { PortContext, PushedImage, ReleasePorts } from '../deliver/release/ports.ts';
import type { NamedBuild } from '../pipeline/target.ts';
import { openBuildSigner } from '../signing/sign-build.ts';

/**
 * How releases of this program are signed and verified, and what of them is in a registry.
 * @param sign who signs; nobody where it is absent
 * @param published what was pushed of the targets, which are called by name
 */
export function releasePorts(sign: SignSpec | undefined, published: readonly PublishedGroup[]): ReleasePorts {
  const pushImage = async ({ name }: NamedBuild) => pushedImage(published, name);
  if (sign === undefined) return { pushImage };
  const withSigner = async <T>(
    { runner, signal, work, say }: PortContext,
    use: (signer: NonNullable<Awaited<ReturnType<typeof openBuildSigner>>>) => Promise<T>,
  ): Promise<T | undefined> => {
    const signer = await openBuildSigner(sign, { runner, signal, work, env: process.env, notice: say });
    try {
      return signer && (await use(signer));
    } finally {
      await signer?.close();
    }
  };
  return {
    pushImage,
    sign: async ({ path, partial }, context) => {
      await withSigner(context, (signer) => signer.signOutput(path, partial));
    },
    verify: async (folder, context) => {
      await withSigner(context, async ({ signer: { publicKey } }) => {
        // Whose identity a certificate has to have is for those to say who fetch the release.
        if (publicKey === undefined) return;
        const rule = { match: '**', keys: [publicKey], threshold: 1, place: 'sign.key' };
        await verifyOutput(folder, rule, context.signal);
      });
    },
  };
}

/** Who signs a release. @throws FactoryError `usage` when its targets do not agree */
export function releaseSigner(builds: readonly NamedBuild[]): SignSpec | undefined {
  const [first, ...others] = builds.map(({ spec }) => spec.sign);
  if (others.every((other) => isDeepStrictEqual(other, first))) return first;
  throw new FactoryError('TARGET_CONFLICT', 'targets of one release are signed differently', {
    remedy: 'Write the key sign once, outside of matrix and targets.',
  });
}

/** Of an index, the image of that target. */
function pushedImage(published: readonly PublishedGroup[], name: string): PushedImage | undefined {
  const group = published.find(({ targets }) => targets.includes(name));
  if (group === undefined) return undefined;
  const { reference, tags, images, targets } = group;
  const digest = images === undefined ? group.digest : images[targets.indexOf(name)]?.digest;
  return digest === undefined ? undefined : { reference, digest, tags };
}
