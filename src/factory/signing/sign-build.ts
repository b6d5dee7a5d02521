import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SignSpec } from '../config/signing.ts';
import type { Runner } from '../tools/runner.ts';
import { signOutput } from './sign-files.ts';
import { openSigner, type Signer } from './signer.ts';

/** What signing a build takes of its session. */
export interface BuildSigningContext {
  readonly runner: Runner;
  readonly signal: AbortSignal;
  /** Directory for short-lived files. */
  readonly work: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly notice: (text: string) => void;
}

/** What became of the signatures of a build. */
export interface BuildSignatures {
  /** The key as the person named it, or `keyless`. */
  readonly signer: string;
  /** sha256 of the public key; absent for keyless. */
  readonly fingerprint?: string;
  /** Bundles, absolute. */
  readonly bundles: readonly string[];
}

/** Signs what a build made; ready before it begins. */
export interface BuildSigner {
  /** For the image, once it is in a registry. */
  readonly signer: Signer;
  /** Signs the files of an output directory. @param partial names the unfinished form of a file there */
  signOutput(directory: string, partial: (name: string) => string): Promise<BuildSignatures>;
  close(): Promise<void>;
}

/**
 * Gets the signer of a build ready, and tries its key: what is wrong with it is told before the minutes that a build takes.
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
        ...{ runner, signer, scratch, signal },
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
