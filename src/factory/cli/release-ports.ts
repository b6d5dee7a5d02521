import { isDeepStrictEqual } from 'node:util';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { SignSpec } from '../config/signing.ts';
import type { PublishedGroup } from '../deliver/publish/publish-build.ts';
import { verifyOutput } from '../deliver/publish/verify-output.ts';
import type { PortContext, PushedImage, ReleasePorts } from '../deliver/release/ports.ts';
import type { NamedBuild } from '../pipeline/target.ts';
import { openBuildSigner } from '../signing/sign-build.ts';

/**
 * Creates the ports that sign and verify a release, and look up its pushed images.
 * @param sign the signer; `undefined` for an unsigned release
 * @param published the pushed groups; each lists its targets by name
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
        // Without a key, those who fetch the release decide which identity a certificate must have.
        if (publicKey === undefined) return;
        const rule = { match: '**', keys: [publicKey], threshold: 1, place: 'sign.key' };
        await verifyOutput(folder, rule, context.signal);
      });
    },
  };
}

/** Returns the signer of a release. @throws FactoryError `usage` when the targets have different signers */
export function releaseSigner(builds: readonly NamedBuild[]): SignSpec | undefined {
  const [first, ...others] = builds.map(({ spec }) => spec.sign);
  if (others.every((other) => isDeepStrictEqual(other, first))) return first;
  throw new FactoryError('TARGET_CONFLICT', 'the targets of a release must have the same signer', {
    remedy: 'Set the key sign once, outside of matrix and targets.',
  });
}

/** The pushed image of a target; of an index, its member. */
function pushedImage(published: readonly PublishedGroup[], name: string): PushedImage | undefined {
  const group = published.find(({ targets }) => targets.includes(name));
  if (group === undefined) return undefined;
  const { reference, tags, images, targets } = group;
  const digest = images === undefined ? group.digest : images[targets.indexOf(name)]?.digest;
  return digest === undefined ? undefined : { reference, digest, tags };
}
