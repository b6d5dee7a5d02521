import { resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { shownPath } from '../../../common/text/shown-path.ts';
import type { LifeEvent } from '../../../common/trust/proof.ts';
import { loadSigningSpec } from '../../config/command-specs.ts';
import { requireFileProofs } from '../../deliver/publish/verify-file-proofs.ts';
import { type CheckedFile, verifyFiles } from '../../deliver/publish/verify-files.ts';
import { verifyOutput } from '../../deliver/publish/verify-output.ts';
import type { VerifyPolicy } from '../../deliver/publish/verify-policy.ts';
import { type CheckedImage, verifyRegistryImage } from '../../deliver/publish/verify-registry-image.ts';
import { withSession } from '../../pipeline/session.ts';
import { ARTIFACT_OPTIONS, configurationFile, gather } from '../artifact-options.ts';
import { GROUPS } from '../option-groups.ts';
import { presentReport } from '../present-report.ts';
import { rememberLog } from '../render-error.ts';
import { say } from '../say.ts';
import { fileSigners, policyFrom } from '../verify-signers.ts';
import { targetOf } from './sign.ts';

/** The report of a successful verification. */
interface VerifyReport {
  readonly verified: true;
  /** The accepted signers, by key or identity. */
  readonly signers: readonly { readonly name: string; readonly fingerprint: string }[];
  /** The events that every image and artifact is proven to pass. */
  readonly requireProof: readonly LifeEvent[];
  readonly images: readonly CheckedImage[];
  readonly files: readonly (CheckedFile & { readonly directory?: string })[];
}

/** `kairos-factory verify`: verifies signatures and content. */
export function verifyCommand() {
  return new Command('verify')
    .argument('<what...>', 'REGISTRY/NAME:TAG or REGISTRY/NAME@DIGEST, a file, or the directory of a build')
    .optionsGroup(GROUPS.trust)
    .option('--policy <file>', 'required signers, and further requirements for an image')
    .option('--key <file>', 'public key: a file, or the URI of a KMS key; repeatable', gather)
    .option('--identity <subject>', 'required subject of the certificate; * and ** match anything')
    .option('--issuer <url>', 'required issuer of the certificate')
    .option('--trusted-root <file>', 'file with the trusted authorities and logs')
    .option(
      '--attestation <types>',
      'required attestations of an image: slsaprovenance1, spdxjson, …',
      gather,
    )
    .option(
      '--require-proof <events>',
      'events that a signed test result must name as passed: boot, upgrade, …',
    )
    .option('--no-content', 'do not download the blobs of images to check their digests')
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
            const images: CheckedImage[] = [];
            const files: VerifyReport['files'][number][] = [];
            for (const target of targets) {
              if (target.kind === 'image') {
                const { content } = options;
                images.push(await verifyRegistryImage(target.text, { access, policy, content, signal, say }));
              } else if (target.kind === 'file') {
                files.push(...(await verifyFiles([target.path], fileSigners(policy), signal)));
              } else {
                const found = await verifyOutput(target.path, fileSigners(policy), signal);
                files.push(...found.map((file) => ({ ...file, directory: target.path })));
              }
            }
            const { requireProof } = policy;
            if (requireProof.length > 0)
              await requireFileProofs(files, requireProof, { hasImages: images.length > 0 });
            return { verified: true, signers: allSigners(policy), requireProof, images, files };
          },
          { onLog: rememberLog },
        );
        return { json: report, text: render(report), isAnswer: true };
      });
    });
}

function allSigners({ images }: VerifyPolicy): VerifyReport['signers'] {
  const all = images.rules.flatMap(({ keys, identities = [] }) => [...keys, ...identities]);
  return all.map(({ name, fingerprint }) => ({ name, fingerprint }));
}

function render({ images, files, requireProof }: VerifyReport): string {
  return [
    ...images.flatMap(({ image, signatures, attestations, content }) => [
      `verified  ${image}`,
      ...signatures.map(({ form, key, fingerprint }) => `  ${form} signature by ${by(key, fingerprint)}`),
      ...attestations.map(({ type, key, fingerprint }) => `  ${type} by ${by(key, fingerprint)}`),
      content === undefined
        ? '  content not checked'
        : `  content: ${content.blobs} blobs, ${content.bytes} bytes, all match their digests`,
    ]),
    ...files.map(({ name, directory, key, fingerprint }) => {
      const path = directory === undefined ? name : resolve(directory, name);
      return `verified  ${shownPath(path)}  by ${by(key, fingerprint)}`;
    }),
    ...completeness(files),
    ...(requireProof.length > 0 ? [`Proven to pass: ${requireProof.join(', ')}.`] : []),
    '',
  ].join('\n');
}

/** Says whether the files of a build output are complete, and which others there are. */
function completeness(files: VerifyReport['files']): string[] {
  if (!files.some(({ directory }) => directory !== undefined)) return [];
  const others = files.filter(({ listed }) => listed === false).map(({ name }) => name);
  if (others.length === 0) return ['All listed files exist, and no others.'];
  return ['All listed files exist. Signed, but not part of the build:', ...others.map((name) => `  ${name}`)];
}

function by(key: string, fingerprint: string): string {
  return `${key} (${fingerprint.slice(0, 16)})`;
}
