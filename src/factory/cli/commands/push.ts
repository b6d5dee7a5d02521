import { Command } from '@commander-js/extra-typings';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { FILE_KINDS } from '../../config/artifact-kinds.ts';
import { loadPushSpec } from '../../config/command-specs.ts';
import type { FileKinds } from '../../config/push.ts';
import { type LaidOutImage, layOutImage } from '../../deliver/publish/lay-out.ts';
import { push } from '../../deliver/publish/push.ts';
import type { PushResult } from '../../deliver/publish/push-images.ts';
import { type HeldImage, type PushSource, parsePushSource } from '../../deliver/publish/push-source.ts';
import { parsePushTarget } from '../../deliver/publish/push-target.ts';
import { ARTIFACT_OPTIONS, configurationFile, gather } from '../artifact-options.ts';
import { askPassword } from '../ask-password.ts';
import { GROUPS } from '../option-groups.ts';
import { presentReport } from '../present-report.ts';
import { rememberLog } from '../render-error.ts';
import { createProgressRenderer } from '../render-progress.ts';
import { renderPush } from '../render-push.ts';
import { shownBuild } from '../shown-build.ts';
import { NO_SIGN_OPTION, requireSigner, SIGN_OPTION, signFlag } from '../sign-options.ts';
import { ranInUserNamespace } from '../user-namespace.ts';

/** The options of the command. */
interface PushFlags {
  readonly to?: string | undefined;
  readonly tag?: string[] | undefined;
  readonly artifacts?: string[] | undefined;
  readonly index?: true | undefined;
  readonly mountFrom?: string | undefined;
  readonly sign?: string | boolean | undefined;
  readonly config?: string | undefined;
  readonly set?: string[] | undefined;
}

/** `kairos-factory push`: pushes builds to a registry. */
export function pushCommand() {
  return new Command('push')
    .argument(
      '[what...]',
      'output directories of builds (default: build), OS images (oci:DIR[:TAG], docker-daemon:NAME[:TAG], docker-archive:FILE, FILE.tar[.gz|.xz|.zst], dir:DIR), or images in the repository to tag (REGISTRY/NAME@DIGEST)',
    )
    .optionsGroup(GROUPS.publish)
    .option(
      '--to <ref>',
      'REGISTRY/NAME[:TAG]; without a tag the image is tagged with its own name, such as 12-core-amd64-generic-v1.2.3',
    )
    .option('--tag <tags>', 'additional tags: a,b', gather)
    .option(
      '--artifacts <kinds>',
      `files of the output directories to push with the image: all, or ${FILE_KINDS.join(', ')}; each refers to its image`,
      gather,
    )
    .option('--index', 'tag an index even for a single image; several images always become an index')
    .option('--mount-from <name>', 'repository of the same registry that may have some of the content')
    .addOption(SIGN_OPTION)
    .addOption(NO_SIGN_OPTION)
    .addOption(ARTIFACT_OPTIONS.config)
    .addOption(ARTIFACT_OPTIONS.set)
    .addOption(ARTIFACT_OPTIONS.json)
    .action(async (what, options) => {
      await presentReport(options, async () => {
        const result = await pushed(what, options);
        return result && { json: result, text: renderPush(result) };
      });
    });
}

/** Pushes the sources. @returns `undefined` when a process in a user namespace did the work */
async function pushed(what: readonly string[], flags: PushFlags): Promise<PushResult | undefined> {
  const set = flags.set ?? [];
  const configured = await loadPushSpec({
    ...configurationFile(flags.config),
    set,
    flags: signFlag(flags.sign),
  });
  const sign = flags.sign === false ? undefined : configured.sign;
  requireSigner(flags.sign, sign);
  await askPassword(sign);
  const to = flags.to ?? configured.push?.to;
  if (to === undefined) {
    throw new FactoryError('OPTION_MISSING', 'no destination is given', {
      remedy: 'Give --to REGISTRY/NAME[:TAG], or set the key push in the configuration.',
    });
  }
  // Tags and artifacts of the configuration apply to its own destination only.
  const own = flags.to === undefined ? configured.push : undefined;
  const target = parsePushTarget(to, [...(own?.tags ?? []), ...(flags.tag ?? [])]);
  const artifacts = flags.artifacts === undefined ? (own?.artifacts ?? []) : fileKinds(flags.artifacts);
  const words = what.length > 0 ? what : [configured.output];
  const meant = words.map((word) => parsePushSource(word, artifacts, process.cwd()));

  const isHeld = (one: PushSource | HeldImage) => one.kind === 'held';
  if (meant.some(isHeld) && (await ranInUserNamespace())) return undefined;
  const held: LaidOutImage[] = [];
  try {
    const sources: PushSource[] = [];
    for (const one of meant) {
      if (one.kind !== 'held') sources.push(one);
      else {
        held.push(await shownBuild((options) => layOutImage(one, { set, options })));
        sources.push(...held.slice(-1).map(({ source }) => source));
      }
    }
    const show = createProgressRenderer(process.stderr);
    const job = {
      sources,
      target,
      mountFrom: flags.mountFrom,
      registries: configured.registries,
      isIndex: flags.index ?? false,
      sign,
    };
    const [result] = await push([job], { emit: show.onEvent, onLog: rememberLog }).finally(() =>
      show.close(),
    );
    return result;
  } finally {
    for (const one of held) await one[Symbol.asyncDispose]();
  }
}

/** Parses `--artifacts`. @throws FactoryError `usage` for an unknown kind */
function fileKinds(words: readonly string[]): FileKinds {
  if (words.length === 1 && words[0] === 'all') return 'all';
  if (words.length === 1 && words[0] === 'none') return [];
  return words.map((word) => {
    const kind = FILE_KINDS.find((known) => known === word);
    if (kind !== undefined) return kind;
    throw new FactoryError(
      'OPTION_INVALID',
      `--artifacts: "${word}" is not a kind of file that can be pushed`,
      {
        remedy: `Use all, none, or some of ${FILE_KINDS.join(',')}.`,
      },
    );
  });
}
