import { Command } from '@commander-js/extra-typings';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { loadPushSpec } from '../../config/command-specs.ts';
import { FILE_KINDS, type FileKinds } from '../../config/push.ts';
import { type LaidOutImage, layOutImage } from '../../deliver/publish/lay-out.ts';
import { push } from '../../deliver/publish/push.ts';
import type { PushResult } from '../../deliver/publish/push-images.ts';
import { type HeldImage, type PushSource, parsePushSource } from '../../deliver/publish/push-source.ts';
import { parsePushTarget } from '../../deliver/publish/push-target.ts';
import { ARTIFACT_OPTIONS, configurationFile, gather } from '../artifact-options.ts';
import { presentReport } from '../present-report.ts';
import { rememberLog } from '../render-error.ts';
import { createProgressRenderer } from '../render-progress.ts';
import { renderPush } from '../render-push.ts';
import { NO_SIGN_OPTION, requireSigner, SIGN_OPTION, signFlag } from '../sign-options.ts';
import { ranInUserNamespace } from '../user-namespace.ts';

/** What the command line says, whole. */
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

/** `kairos-factory push`: what was built → a registry. */
export function pushCommand() {
  return new Command('push')
    .description('push what was built to a registry: by digest first, with tags when all of it is there')
    .argument(
      '[what...]',
      'output directories of builds (default: build), OS images (oci:DIR[:TAG], docker-daemon:NAME[:TAG], docker-archive:FILE, FILE.tar[.gz|.xz|.zst], dir:DIR), or images that are in the repository already, to tag them (REGISTRY/NAME@DIGEST)',
    )
    .option(
      '--to <ref>',
      'REGISTRY/NAME[:TAG]; without a tag the image goes by its own name, such as 12-core-amd64-generic-v1.2.3',
    )
    .option('--tag <tags>', 'more tags: a,b', gather)
    .option(
      '--artifacts <kinds>',
      `files of the output directories to push, too: all, or ${FILE_KINDS.join(',')}; each refers to its image`,
      gather,
    )
    .option('--index', 'tag an index, also of a single image; several images always become one')
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

/** @returns `undefined` when a process in a user namespace did the work */
async function pushed(what: readonly string[], flags: PushFlags): Promise<PushResult | undefined> {
  const set = flags.set ?? [];
  const configured = await loadPushSpec({
    ...configurationFile(flags.config),
    set,
    flags: signFlag(flags.sign),
  });
  const sign = flags.sign === false ? undefined : configured.sign;
  requireSigner(flags.sign, sign);
  const to = flags.to ?? configured.push?.to;
  if (to === undefined) {
    throw new FactoryError('OPTION_MISSING', 'it is not said where to push to', {
      remedy: 'Give --to REGISTRY/NAME[:TAG], or write the key push.',
    });
  }
  // What the file says of its own place is not meant for another.
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
        held.push(await laidOut(one, held.length, set));
        sources.push(...held.slice(-1).map(({ source }) => source));
      }
    }
    const show = createProgressRenderer(process.stderr);
    const job = {
      ...{ sources, target, mountFrom: flags.mountFrom, registries: configured.registries },
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

async function laidOut(image: HeldImage, at: number, set: readonly string[]): Promise<LaidOutImage> {
  const show = createProgressRenderer(process.stderr);
  const options = { useCache: true, locked: false, offline: false, emit: show.onEvent, onLog: rememberLog };
  return layOutImage(image, { index: at, set, options }).finally(() => show.close());
}

/** @throws FactoryError `usage` for a kind that there is not */
function fileKinds(words: readonly string[]): FileKinds {
  if (words.length === 1 && words[0] === 'all') return 'all';
  if (words.length === 1 && words[0] === 'none') return [];
  return words.map((word) => {
    const kind = FILE_KINDS.find((known) => known === word);
    if (kind !== undefined) return kind;
    throw new FactoryError('OPTION_INVALID', `--artifacts: "${word}" is no kind of file that can be pushed`, {
      remedy: `Write all, none, or some of ${FILE_KINDS.join(',')}.`,
    });
  });
}
