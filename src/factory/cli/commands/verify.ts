import { relative, resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import type { ErrorCode } from '../../../common/errors/error-codes.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { TrustRule } from '../../../common/trust/policy.ts';
import { loadSigningSpec } from '../../config/build-spec.ts';
import { loadSigners } from '../../config/load-signers.ts';
import { isKeyFile } from '../../config/signing.ts';
import { type CheckedFile, verifyFiles, verifyOutput } from '../../deliver/publish/verify-output.ts';
import {
  askCosign,
  loadVerifyPolicy,
  policyOf,
  type VerifyPolicy,
} from '../../deliver/publish/verify-policy.ts';
import { type CheckedImage, verifyRegistryImage } from '../../deliver/publish/verify-registry-image.ts';
import { withSession } from '../../pipeline/session.ts';
import type { Runner } from '../../tools/runner.ts';
import { ARTIFACT_OPTIONS, configurationFile, gather } from '../artifact-options.ts';
import { presentReport } from '../present-report.ts';
import { rememberLog } from '../render-error.ts';
import { targetOf } from './sign.ts';

/** What the command tells when everything holds. */
interface VerifyReport {
  readonly verified: true;
  /** Who may have signed, by the names of keys and identities. */
  readonly signers: readonly { readonly name: string; readonly fingerprint: string }[];
  readonly images: readonly CheckedImage[];
  readonly files: readonly (CheckedFile & { readonly directory?: string })[];
}

/** `kairos-factory verify`: are these what their signers made? */
export function verifyCommand() {
  return new Command('verify')
    .description('check signatures and content of images, files, or all that a build made')
    .argument('<what...>', 'REGISTRY/NAME:TAG or REGISTRY/NAME@DIGEST, a file, or the directory of a build')
    .option('--policy <file>', 'who must have signed, and what else an image must have')
    .option('--key <file>', 'a public key, or the URI of one in a KMS; repeatable', gather)
    .option('--identity <subject>', 'the subject that a certificate must name; * and ** stand for anything')
    .option('--issuer <url>', 'the issuer that must have known the subject')
    .option('--trusted-root <file>', 'authorities and logs that certificates are verified with')
    .option(
      '--attestation <types>',
      'attestations that an image must have: slsaprovenance1,spdxjson,…',
      gather,
    )
    .option('--no-content', 'do not fetch the blobs of images to compare them with their digests')
    .addOption(ARTIFACT_OPTIONS.config)
    .addOption(ARTIFACT_OPTIONS.set)
    .addOption(ARTIFACT_OPTIONS.json)
    .action(async (what, options) => {
      await presentReport({ json: options.json, partial: () => ({ verified: false }) }, async () => {
        const { registries } = await loadSigningSpec({
          ...configurationFile(options.config),
          set: options.set ?? [],
          flags: {},
        });
        const targets = what.map((text) => targetOf(text));
        const report = await withSession(
          async ({ runner, signal }): Promise<VerifyReport> => {
            const policy = await policyFrom(options, runner);
            const access = { runner, registries, env: process.env, signal };
            const say = (text: string) => process.stderr.write(`${text}\n`);
            const images: CheckedImage[] = [];
            const files: VerifyReport['files'][number][] = [];
            for (const target of targets) {
              if (target.kind === 'image') {
                const { content } = options;
                images.push(await verifyRegistryImage(target.text, { access, policy, content, signal, say }));
              } else if (target.kind === 'file') {
                files.push(...(await verifyFiles([target.path], signersOf(policy), signal)));
              } else {
                const found = await verifyOutput(target.path, signersOf(policy), signal);
                files.push(...found.map((file) => ({ ...file, directory: target.path })));
              }
            }
            return { verified: true, signers: allSigners(policy), images, files };
          },
          { onLog: rememberLog },
        );
        return { json: report, text: render(report) };
      });
    });
}

interface SignerOptions {
  readonly policy?: string | undefined;
  readonly key?: string[] | undefined;
  readonly identity?: string | undefined;
  readonly issuer?: string | undefined;
  readonly trustedRoot?: string | undefined;
  readonly attestation?: string[] | undefined;
}

async function policyFrom(options: SignerOptions, runner: Runner): Promise<VerifyPolicy> {
  const { policy, key = [], identity, issuer, trustedRoot, attestation = [] } = options;
  if (policy !== undefined) {
    const others = [key.length > 0, identity, issuer, trustedRoot, attestation.length > 0].some(Boolean);
    if (!others) return loadVerifyPolicy(resolve(policy), runner);
    throw usage(
      'OPTION_CONFLICT',
      '--policy says everything, so no other signer can be given',
      'Put it into the policy.',
    );
  }
  if ((identity === undefined) !== (issuer === undefined))
    throw usage('OPTION_MISSING', 'an identity is a subject and its issuer', 'Give --identity and --issuer.');
  if (identity !== undefined && trustedRoot === undefined) {
    throw usage(
      'OPTION_MISSING',
      'an identity can be verified only with a trusted root, a file that says which authorities and logs count',
      'Give --trusted-root FILE; that of the public instance is trusted_root.json of its TUF repository (docs/signing.md).',
    );
  }
  if (key.length === 0 && identity === undefined)
    throw usage(
      'SIGNER_MISSING',
      'nothing says who must have signed',
      'Give --policy, --key, or --identity and --issuer.',
    );
  const signers = {
    keys: key.map((each) => (isKeyFile(each) ? resolve(each) : each)),
    identities: identity === undefined || issuer === undefined ? [] : [{ identity, issuer }],
    'trusted-root': trustedRoot === undefined ? undefined : resolve(trustedRoot),
    threshold: 1,
  };
  return policyOf(await loadSigners('the command line', signers, askCosign(runner)), attestation);
}

function usage(code: ErrorCode, message: string, remedy: string): FactoryError {
  return new FactoryError(code, message, { remedy });
}

function signersOf({ signers }: VerifyPolicy): TrustRule {
  if (signers !== undefined) return signers;
  throw usage(
    'SIGNER_MISSING',
    'the policy of a node speaks for images of registries, not for files',
    'Give --key, or a policy file of the form in docs/signing.md.',
  );
}

function allSigners({ images }: VerifyPolicy): VerifyReport['signers'] {
  const all = images.rules.flatMap(({ keys, identities = [] }) => [...keys, ...identities]);
  return all.map(({ name, fingerprint }) => ({ name, fingerprint }));
}

function render({ images, files }: VerifyReport): string {
  return [
    ...images.flatMap(({ image, signatures, attestations, content }) => [
      `verified  ${image}`,
      ...signatures.map(({ form, key, fingerprint }) => `  ${form} signature by ${by(key, fingerprint)}`),
      ...attestations.map(({ type, key, fingerprint }) => `  ${type} by ${by(key, fingerprint)}`),
      content === undefined
        ? '  content not looked at'
        : `  content: ${content.blobs} blobs, ${content.bytes} bytes, all as their digests say`,
    ]),
    ...files.map(({ name, directory, key, fingerprint }) => {
      const path = directory === undefined ? name : resolve(directory, name);
      return `verified  ${relative(process.cwd(), path)}  by ${by(key, fingerprint)}`;
    }),
    ...(files.some(({ directory }) => directory !== undefined)
      ? ['All files that are listed are there, and no others.']
      : []),
    '',
  ].join('\n');
}

function by(key: string, fingerprint: string): string {
  return `${key} (${fingerprint.slice(0, 16)})`;
}
