import { type Stats, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Command, Option } from '@commander-js/extra-typings';
import { FactoryError, reasonOf } from '../../../common/errors/factory-error.ts';
import { parseImageReference } from '../../../common/oci/registry/image-reference.ts';
import { shownPath } from '../../../common/text/shown-path.ts';
import { loadSigningSpec } from '../../config/command-specs.ts';
import type { RegistrySettings } from '../../config/registries.ts';
import { SIGNATURE_FORMATS } from '../../config/signing.ts';
import { attestImage, predicateType } from '../../deliver/publish/attest-image.ts';
import { type SignedImage, signImage } from '../../deliver/publish/sign-image.ts';
import { type Session, withSession } from '../../pipeline/session.ts';
import { openOutput } from '../../pipeline/workspace.ts';
import { bundleName, SUMS } from '../../signing/output-files.ts';
import { outputsIn, type SignedFile, signFiles, signOutput } from '../../signing/sign-files.ts';
import { openSigner, type Signer, secretVariables } from '../../signing/signer.ts';
import { unsignedFiles } from '../../signing/unsigned-files.ts';
import { ARTIFACT_OPTIONS, configurationFile } from '../artifact-options.ts';
import { askPassword } from '../ask-password.ts';
import { GROUPS } from '../option-groups.ts';
import { presentReport } from '../present-report.ts';
import { rememberLog } from '../render-error.ts';
import { say } from '../say.ts';
import { warn } from '../warn.ts';

/** The report of the command. */
interface SignReport {
  readonly signer: string;
  /** sha256 of the public key; absent for keyless. */
  readonly fingerprint?: string;
  readonly images: readonly (SignedImage & { readonly attestations: readonly string[] })[];
  readonly files: readonly SignedFile[];
}

/** `kairos-factory sign`: signs images, files, and the output of a build. */
export function signCommand() {
  return new Command('sign')
    .argument('<what...>', 'REGISTRY/NAME@DIGEST or REGISTRY/NAME:TAG, a file, or the directory of a build')
    .optionsGroup(GROUPS.signer)
    .option(
      '--key <key>',
      'a key file, env://VARIABLE, the URI of a KMS key, or keyless (default: the configuration key "sign")',
    )
    .option('--password-file <file>', 'file with the password of the key (default: COSIGN_PASSWORD)')
    .option('--password-env <name>', 'variable with the password of the key')
    .addOption(new Option('--format <format>', 'format of image signatures').choices(SIGNATURE_FORMATS))
    .option('--signing-config <file>', 'signing services, from cosign signing-config create')
    .option('--trusted-root <file>', 'trusted root of these services, from cosign trusted-root create')
    .optionsGroup(GROUPS.trust)
    .option('--recursive', 'also sign the images of an index')
    .option('--attest <type=file>', 'attach a signed document to the image; repeatable', gatherPairs)
    .addOption(ARTIFACT_OPTIONS.config)
    .addOption(ARTIFACT_OPTIONS.set)
    .addOption(ARTIFACT_OPTIONS.json)
    .action(async (what, options) => {
      await presentReport(options, async () => {
        const { registries, sign } = await loadSigningSpec({
          ...configurationFile(options.config),
          set: options.set ?? [],
          flags: {
            'sign.key': options.key,
            'sign.password-file': options.passwordFile,
            'sign.password-env': options.passwordEnv,
            'sign.format': options.format,
            'sign.signing-config': options.signingConfig,
            'sign.trusted-root': options.trustedRoot,
          },
        });
        if (sign === undefined) {
          throw new FactoryError('SIGNER_MISSING', 'no signer is given', {
            remedy: 'Give --key, or set the key "sign" in the configuration.',
          });
        }
        const targets = what.map((text) => targetOf(text));
        await askPassword(sign);
        const attest = options.attest ?? [];
        const report = await withSession(
          async (session) => {
            const context = {
              runner: session.runner,
              env: process.env,
              scratch: session.workspace.work,
              warn,
            };
            const signer = await openSigner(context, sign);
            const recursive = options.recursive ?? false;
            return signAll({ targets, attest, registries, recursive }, signer, session);
          },
          { secrets: secretVariables(sign), onLog: rememberLog },
        );
        return { json: report, text: render(report) };
      });
    });
}

/** A target of `sign` or `verify`. */
export type Target =
  | { readonly kind: 'output'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'image'; readonly text: string };

/** Parses a target: an existing directory or file, or else an image. @throws FactoryError `usage` for any other text */
export function targetOf(text: string): Target {
  const path = resolve(text);
  const stats = statOf(path, text);
  if (stats?.isDirectory()) return { kind: 'output', path };
  if (stats?.isFile()) return { kind: 'file', path };
  const name = text.replace(/^docker:\/\//, '');
  if (/^[./~]/.test(text) || !/[/@:]/.test(name)) {
    throw new FactoryError('FILE_NOT_FOUND', `${text} is neither a file nor an image in a registry`, {
      remedy: 'Check the path; write an image as REGISTRY/NAME@sha256:DIGEST or REGISTRY/NAME:TAG.',
    });
  }
  parseImageReference(name);
  return { kind: 'image', text: name };
}

/** @throws FactoryError `usage` for a path that cannot be looked up, such as one that is too long */
function statOf(path: string, text: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw new FactoryError('FILE_NOT_FOUND', `${text} cannot be read: ${reasonOf(error)}`, {
      remedy: 'Check the path and its permissions.',
      cause: error,
    });
  }
}

function gatherPairs(value: string, before: readonly Pair[] | undefined): Pair[] {
  const at = value.indexOf('=');
  if (at < 1) {
    throw new FactoryError('OPTION_INVALID', `--attest ${value} does not have the form TYPE=FILE`, {
      remedy: 'Write, for example, --attest spdxjson=image.spdx.json.',
    });
  }
  return [...(before ?? []), { type: value.slice(0, at), predicate: value.slice(at + 1) }];
}

interface Pair {
  readonly type: string;
  readonly predicate: string;
}

/** What to sign. */
interface SignRequest {
  readonly targets: readonly Target[];
  /** Documents to attach to images. */
  readonly attest: readonly Pair[];
  readonly registries: readonly RegistrySettings[];
  /** Whether the images of an index are signed too. */
  readonly recursive: boolean;
}

async function signAll(
  { targets, attest, registries, recursive }: SignRequest,
  signer: Signer,
  { runner, signal, workspace: { work } }: Session,
): Promise<SignReport> {
  const access = { runner, registries, env: process.env, signal };
  const files = { runner, signer, scratch: work, signal, say };
  for (const { type } of attest) predicateType(type);
  if (attest.length > 0 && !targets.some(({ kind }) => kind === 'image')) {
    throw new FactoryError('OPTION_CONFLICT', '--attest needs an image to attach to', {
      remedy: 'Give the image as well: REGISTRY/NAME@sha256:DIGEST.',
    });
  }
  const signed: { images: SignReport['images'][number][]; files: SignedFile[] } = { images: [], files: [] };
  for (const target of targets) {
    if (target.kind === 'image') {
      const image = await signImage(target.text, { access, signer, recursive, say });
      for (const { type, predicate } of attest) {
        say(`attaching ${predicate} as ${type}`);
        await attestImage({ image: image.image, predicate, type }, { access, signer, scratch: work });
      }
      signed.images.push({ ...image, attestations: attest.map(({ type }) => type) });
      continue;
    }
    const places = target.kind === 'output' ? await outputsIn(target.path) : [dirname(target.path)];
    for (const directory of places) {
      const output = await openOutput(directory);
      try {
        const done =
          target.kind === 'output'
            ? await signOutput(directory, output.partial, files)
            : await signFiles([fileToSign(target.path, output.partial)], files);
        signed.files.push(...done);
        await noteUnsigned(target, directory, say);
      } finally {
        await output.close();
      }
    }
  }
  const fingerprint = signer.publicKey?.fingerprint;
  return { signer: signer.name, ...(fingerprint === undefined ? {} : { fingerprint }), ...signed };
}

async function noteUnsigned({ kind }: Target, directory: string, say: (text: string) => void): Promise<void> {
  const rest = kind === 'output' ? await unsignedFiles(directory) : [];
  if (rest.length === 0) return;
  const names = rest.map((name) => `${shownPath(join(directory, name))}${name.endsWith('/') ? '/' : ''}`);
  say(`notice: not signed, because ${SUMS} does not list it, and refused by "verify": ${names.join(', ')}`);
}

function fileToSign(file: string, partial: (name: string) => string) {
  const name = bundleName(basename(file));
  return { file, bundle: join(dirname(file), name), partial: partial(name) };
}

function render({ signer, fingerprint, images, files }: SignReport): string {
  const state = (unchanged: boolean) => (unchanged ? 'already signed' : 'signed');
  return [
    ...images.map(
      ({ image, unchanged, forms, attestations }) =>
        `${state(unchanged)}  ${image} (${[...forms, ...attestations].join(', ')})`,
    ),
    ...files.map(({ file, unchanged }) => `${state(unchanged)}  ${shownPath(file)}`),
    `by ${signer}${fingerprint === undefined ? '' : `, sha256 of the public key ${fingerprint}`}`,
    '',
  ].join('\n');
}
