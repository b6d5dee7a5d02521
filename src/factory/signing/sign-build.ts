import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SignSpec } from '../config/signing.ts';
import type { Runner } from '../tools/runner.ts';
import { signOutput } from './sign-files.ts';
import { openSigner, type Signer } from './signer.ts';

/** The parts of a build session that signing needs. */
export interface BuildSigningContext {
  readonly runner: Runner;
  readonly signal: AbortSignal;
  /** Directory for temporary files. */
  readonly work: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly notice: (text: string) => void;
}

/** The signatures of a build. */
export interface BuildSignatures {
  /** The key as the user wrote it, or `keyless`. */
  readonly signer: string;
  /** sha256 of the public key; absent for keyless. */
  readonly fingerprint?: string;
  /** Absolute paths of the bundles. */
  readonly bundles: readonly string[];
}

/** Signs the files and the image of a build; opened before the build begins. */
export interface BuildSigner {
  /** Signs the image after the push to a registry. */
  readonly signer: Signer;
  /** Signs the files of an output directory. @param partial maps a file name to the path of its unfinished form */
  signOutput(directory: string, partial: (name: string) => string): Promise<BuildSignatures>;
  close(): Promise<void>;
}

/**
 * Opens the signer of a build and tries its key, so that a key problem is reported before the build, which takes minutes.
 * @returns `undefined` for a build that is not signed
 * @throws FactoryError as `openSigner` does
 */
export async function openBuildSigner(
  sign: SignSpec | undefined,
  { runner, signal, work, env, notice }: BuildSigningContext,
): Promise<BuildSigner | undefined> {
  if (sign === undefined) return undefined;
  const scratch = await mkdtemp(join(work, 'sign-'));
  const signer = await openSigner({ runner, env, scratch, warn: notice }, sign);
  return {
    signer,
    signOutput: async (directory, partial) => {
      const files = await signOutput(directory, partial, {
        runner,
        signer,
        scratch,
        signal,
        say: () => undefined,
      });
      const fingerprint = signer.publicKey?.fingerprint;
      return {
        signer: signer.name,
        ...(fingerprint === undefined ? {} : { fingerprint }),
        bundles: files.map(({ bundle }) => bundle),
      };
    },
    close: () => rm(scratch, { recursive: true, force: true }),
  };
}
