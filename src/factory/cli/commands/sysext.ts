import { arch as machine } from 'node:os';
import { resolve } from 'node:path';
import { Command, Option } from '@commander-js/extra-typings';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { shownPath } from '../../../common/text/shown-path.ts';
import { EXTENSION_ARCHES } from '../../artifacts/extensions/architectures.ts';
import { EXTENSION_FORMATS, type ExtensionSpec } from '../../artifacts/extensions/extension-spec.ts';
import { parseSource } from '../../artifacts/extensions/fill-tree.ts';
import { buildExtension, type ExtensionReport } from '../../pipeline/build-extension.ts';
import { GROUPS } from '../option-groups.ts';
import { presentReport } from '../present-report.ts';
import { rememberLog } from '../render-error.ts';
import { notice } from '../say.ts';
import { ranInUserNamespace } from '../user-namespace.ts';

/** `kairos-factory sysext`: makes an extension that a node merges into /usr and /opt. */
export const sysextCommand = () => extensionCommand('sysext');

/** `kairos-factory confext`: makes an extension that a node merges into /etc. */
export const confextCommand = () => extensionCommand('confext');

/** A name that is valid for systemd, the agent and the name of the release file. */
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._+~-]{0,126}[A-Za-z0-9])?$/;
/** Directories of the agent's store, and extensions that are added automatically. */
const TAKEN = /^(?:active|passive|recovery|common)$|\.(?:raw|sysext|confext)$/;

function extensionCommand(kind: ExtensionSpec['kind']) {
  return new Command(kind)
    .argument('<name>', `name of the extension; the file is NAME.${kind}.raw`)
    .optionsGroup(GROUPS.extension)
    .requiredOption(
      '--from <ref>',
      'content: dir:DIR, FILE.tar[.gz|.zst], or an image (oci:DIR[:TAG], docker-archive:FILE, docker://NAME:TAG), whose last layer is used',
    )
    .option('--above <ref>', 'use all layers of the image above those of this one')
    .option('--output <dir>', 'output directory', 'build')
    .addOption(new Option('--arch <arch>', 'architecture of the machines').choices(EXTENSION_ARCHES))
    .addOption(
      new Option('--format <format>', 'filesystem').choices(EXTENSION_FORMATS).default('squashfs' as const),
    )
    .optionsGroup(GROUPS.signer)
    .option('--sign-key <file>', 'private key in PEM to sign with; needs --certificate')
    .option('--certificate <file>', 'certificate of the key in PEM')
    .optionsGroup(GROUPS.extension)
    .option('--os-release-id <id>', 'only for systems with this ID (default: any)')
    .option('--os-release-version <version>', 'only for systems with this VERSION_ID')
    .option('--level <level>', `only for systems with this ${kind.toUpperCase()}_LEVEL`)
    .option('--service-reload', 'reload the units of systemd when the extension is merged')
    .optionsGroup(GROUPS.general)
    .option('--json', 'print the report as JSON on stdout')
    .action(async (name, options) => {
      await presentReport(options, async () => {
        checkName(name);
        const here = process.cwd();
        const spec = {
          kind,
          name,
          source: parseSource(options.from, here),
          above: options.above === undefined ? undefined : parseSource(options.above, here),
          arch: options.arch ?? machineArch(),
          format: options.format,
          target: {
            id: options.osReleaseId,
            version: options.osReleaseVersion,
            level: options.level,
            serviceReload: options.serviceReload ?? false,
          },
          signer: signerOf(options.signKey, options.certificate),
        };
        if (await ranInUserNamespace()) return undefined;
        const report = await buildExtension(spec, resolve(options.output), {
          notice,
          onLog: rememberLog,
        });
        return { json: report, text: render(report) };
      });
    });
}

function checkName(name: string): void {
  if (NAME.test(name) && !TAKEN.test(name)) return;
  throw new FactoryError('OPTION_INVALID', `"${name}" is not a valid name for an extension`, {
    remedy:
      'Use letters, digits and - . _ + ~, without an extension such as .raw; active, passive, recovery and common are reserved.',
  });
}

function signerOf(key: string | undefined, certificate: string | undefined): ExtensionSpec['signer'] {
  if (key === undefined && certificate === undefined) return undefined;
  if (key !== undefined && certificate !== undefined) {
    return { key: resolve(key), certificate: resolve(certificate) };
  }
  throw new FactoryError('OPTION_MISSING', 'a signature needs a key and its certificate', {
    remedy: `Add ${key === undefined ? '--sign-key' : '--certificate'}.`,
  });
}

function machineArch(): ExtensionSpec['arch'] {
  const [name] = EXTENSION_ARCHES.filter((each) => each === (machine() === 'x64' ? 'amd64' : machine()));
  if (name !== undefined) return name;
  throw new FactoryError(
    'ARCH_UNSUPPORTED',
    `the architecture of this machine, ${machine()}, is not supported for extensions`,
    {
      remedy: `Add --arch ${EXTENSION_ARCHES.join(' or --arch ')}.`,
    },
  );
}

function render({ file, size, sha256, files, rootHash, certificateFingerprint }: ExtensionReport): string {
  const lines = [
    ['file', shownPath(file)],
    ['size', `${size} bytes, ${files} files`],
    ['sha256', sha256],
    ['root hash', rootHash],
    ['signed by', certificateFingerprint ?? 'nobody'],
  ];
  return lines.map(([name = '', value = '']) => `${name.padEnd(10)} ${value}\n`).join('');
}
