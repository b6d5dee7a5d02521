import { existsSync } from 'node:fs';
import { Command } from '@commander-js/extra-typings';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { formatSize } from '../../../common/text/size-text.ts';
import { parseMebibytes } from '../../config/size.ts';
import { withSession } from '../../pipeline/session.ts';
import { restoreCache, saveCache } from '../../pipeline/tidy/cache-archive.ts';
import { cacheUsage } from '../../pipeline/tidy/cache-usage.ts';
import type { PruneRequest } from '../../pipeline/tidy/plan-prune.ts';
import { type PruneReport, pruneCache } from '../../pipeline/tidy/prune-cache.ts';
import { cacheDirectory, cachePlaces, requireReadableCache } from '../../pipeline/workspace.ts';
import { ARTIFACT_OPTIONS } from '../artifact-options.ts';
import { GROUPS } from '../option-groups.ts';
import { presentReport } from '../present-report.ts';
import { rememberLog } from '../render-error.ts';
import { table } from '../table.ts';
import { ranInUserNamespace } from '../user-namespace.ts';

const MIB = 1024 * 1024;

/** `kairos-factory cache du|prune|save|restore`: how large the cache is, removing parts of it, and moving it. */
export function cacheCommand() {
  const command = new Command('cache');
  command.addCommand(duCommand());
  command.addCommand(pruneCommand());
  command.addCommand(saveCommand());
  command.addCommand(restoreCommand());
  return command;
}

function saveCommand() {
  return new Command('save')
    .description('write the cache into one file, for a later job or another machine')
    .argument('<file>', 'such as cache.tar.zst')
    .optionsGroup(GROUPS.general)
    .addOption(ARTIFACT_OPTIONS.json)
    .action(async (file, { json }) => {
      await presentReport({ json }, async () => {
        if (await ranInUserNamespace()) return undefined;
        const saved = await withSession((session) => saveCache(session, file), { onLog: rememberLog });
        return { json: saved, text: `Saved ${saved.parts.join(', ')}: ${formatSize(saved.bytes)}.\n` };
      });
    });
}

function restoreCommand() {
  return new Command('restore')
    .description('fill an empty cache from such a file')
    .argument('<file>', 'a file of "cache save"')
    .optionsGroup(GROUPS.general)
    .option('--if-exists', 'do nothing if there is no such file, as in the first job')
    .addOption(ARTIFACT_OPTIONS.json)
    .action(async (file, { ifExists = false, json }) => {
      await presentReport({ json }, async () => {
        if (ifExists && !existsSync(file)) {
          return {
            json: { file, bytes: 0, parts: [] },
            text: `There is no ${file}: the cache stays as it is.\n`,
          };
        }
        if (await ranInUserNamespace()) return undefined;
        const restored = await withSession((session) => restoreCache(session, file), { onLog: rememberLog });
        const parts = restored.parts.join(', ') || 'nothing, because the cache is not empty';
        return { json: restored, text: `Restored ${parts}.\n` };
      });
    });
}

function duCommand() {
  return new Command('du')
    .description('show how large the parts of the cache are')
    .optionsGroup(GROUPS.general)
    .addOption(ARTIFACT_OPTIONS.json)
    .action(async ({ json }) => {
      await presentReport({ json }, async () => {
        // Images have files that only a user namespace can read.
        if (await ranInUserNamespace()) return undefined;
        const places = cachePlaces(cacheDirectory(process.env));
        await requireReadableCache(places.root);
        const parts = cacheUsage(places);
        const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
        const rows = parts.map((part) => [part.part, formatSize(part.bytes), part.content]);
        return {
          json: { directory: places.root, bytes, parts },
          isAnswer: true,
          text: `${places.root}\n${table([['PART', 'SIZE', 'CONTENT'], ...rows, ['total', formatSize(bytes), '']])}`,
        };
      });
    });
}

function pruneCommand() {
  return new Command('prune')
    .description('remove what nothing uses from the cache, and what options name; never while a build runs')
    .optionsGroup(GROUPS.run)
    .option('--older-than <age>', 'also what was last used longer ago: 30d, 12h')
    .option('--max-size <size>', 'also the least recently used, until the cache fits: 10GiB')
    .option('--all', 'everything')
    .option('--dry-run', 'show what would be removed, and remove nothing')
    .addOption(ARTIFACT_OPTIONS.json)
    .action(async ({ olderThan, maxSize, all = false, dryRun = false, json }) => {
      await presentReport({ json }, async () => {
        const request: PruneRequest = {
          all,
          ...(olderThan === undefined ? {} : { before: Date.now() - parseAge(olderThan) }),
          ...(maxSize === undefined ? {} : { maxBytes: bytesOf(maxSize) }),
        };
        if (await ranInUserNamespace()) return undefined;
        const report = await withSession((session) => pruneCache(session, request, { dryRun }), {
          onLog: rememberLog,
        });
        return { json: { dryRun, ...report }, text: renderPrune(report, { dryRun }), isAnswer: dryRun };
      });
    });
}

const HOURS: Readonly<Record<string, number>> = { h: 1, d: 24, w: 168 };

/** Parses an age such as `30d`. @returns milliseconds */
function parseAge(text: string): number {
  const [, count, unit = ''] = /^(\d+)([hdw])$/.exec(text) ?? [];
  const hours = HOURS[unit];
  if (count !== undefined && hours !== undefined) return Number(count) * hours * 3_600_000;
  throw new FactoryError('OPTION_INVALID', `--older-than: "${text}" is not an age`, {
    remedy: 'Give hours, days or weeks: 12h, 30d, 4w.',
  });
}

function bytesOf(text: string): number {
  const mib = parseMebibytes(text);
  if (mib !== undefined) return mib * MIB;
  throw new FactoryError('OPTION_INVALID', `--max-size: "${text}" is not a size`, {
    remedy: 'Give a size with a unit, such as 500MiB or 10GiB.',
  });
}

function renderPrune(
  { items, images, before, after }: PruneReport,
  { dryRun }: { readonly dryRun: boolean },
): string {
  const kinds = new Map<string, { count: number; bytes: number }>();
  for (const { kind, name, bytes } of items) {
    const key = kind === 'result' ? `result ${name}` : kind;
    const known = kinds.get(key) ?? { count: 0, bytes: 0 };
    kinds.set(key, { count: known.count + 1, bytes: known.bytes + bytes });
  }
  const rows = [...kinds].map(([key, { count, bytes }]) => [key, String(count), formatSize(bytes)]);
  const list = [
    ...(rows.length > 0 ? [table([['WHAT', 'COUNT', 'SIZE'], ...rows])] : []),
    ...images.map((image) => `image ${image}\n`),
  ];
  const verb = dryRun ? 'Would free about' : 'Freed';
  return `${list.join('')}${verb} ${formatSize(Math.max(0, before - after))}; the cache has ${formatSize(after)}${dryRun ? ' then' : ''}.\n`;
}
