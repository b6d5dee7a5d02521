import { basename, dirname, join } from 'node:path';
import { openOutput } from '../../pipeline/workspace.ts';
import { bundleName } from '../../signing/output-files.ts';
import { signFiles } from '../../signing/sign-files.ts';
import { attestImage } from './attest-image.ts';
import type { SignPushedOptions } from './sign-pushed.ts';

/** The statement of a proof that passed. */
export interface SignedProof {
  /** Path of the statement. */
  readonly statement: string;
  /** The image in a registry that was proven, as `REGISTRY/NAME@DIGEST`. */
  readonly image?: string | undefined;
}

/**
 * Signs the statement of a proof as a file, and attaches it to the image that was proven.
 * @returns path of the bundle
 * @throws FactoryError as documented at `signFiles` and `attestImage`
 */
export async function signProof(
  { statement, image }: SignedProof,
  { signer, scratch, access, signal, say }: SignPushedOptions & { readonly signal: AbortSignal },
): Promise<string> {
  const directory = dirname(statement);
  const name = bundleName(basename(statement));
  const bundle = join(directory, name);
  const output = await openOutput(directory);
  try {
    const { runner } = access;
    const file = { file: statement, bundle, partial: output.partial(name) };
    await signFiles([file], { runner, signer, scratch, signal, say });
  } finally {
    await output.close();
  }
  if (image !== undefined) {
    say(`attaching the test result to ${image}`);
    await attestImage({ image, predicate: statement, type: 'testresult' }, { access, signer, scratch });
  }
  return bundle;
}
