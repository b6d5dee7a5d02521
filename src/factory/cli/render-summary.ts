import { appendFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { FactoryError, messageOf, reasonOf } from '../../common/errors/factory-error.ts';
import { formatSize } from '../../common/text/size-text.ts';
import type { PushResult } from '../deliver/publish/push-images.ts';
import type { BuildReport, TargetReport, TargetsReport } from '../pipeline/build-report.ts';

/** What the summary says about a push. */
type Pushed = Pick<PushResult, 'reference' | 'digest' | 'tags' | 'signatures'>;

/**
 * Appends the summary of a run to a file, if one is given.
 * @throws FactoryError `usage` when the file cannot be written
 */
export async function appendSummary(
  file: string | undefined,
  report: TargetsReport,
  pushes: readonly Pushed[],
): Promise<void> {
  if (file === undefined) return;
  await appendFile(file, renderSummary(report, pushes)).catch((error: unknown) => {
    throw new FactoryError('OUTPUT_UNWRITABLE', `--summary: cannot write ${file}: ${reasonOf(error)}`, {
      remedy: 'Name a file in a directory that exists. The build is complete.',
    });
  });
}

/** Renders the artifacts of a run as Markdown: sizes, digests, and what was pushed. */
export function renderSummary({ targets, seconds }: TargetsReport, pushes: readonly Pushed[]): string {
  return [
    ...targets.flatMap(renderTarget),
    ...pushes.flatMap(renderPushed),
    `Built by kairos-factory in ${seconds.toFixed(0)} s.`,
    '',
  ].join('\n');
}

function renderTarget(target: TargetReport): string[] {
  const title = `### ${target.name ?? 'OS image'}`;
  if (target.status === 'cancelled') return [title, '', 'Cancelled.', ''];
  if (target.status === 'failed') return [title, '', `Failed: ${messageOf(target.error)}`, ''];
  const rows = target.manifest.artifacts.map(
    ({ kind, file, size, sha256 }) => `| ${kind} | \`${file}\` | ${formatSize(size)} | \`${sha256}\` |`,
  );
  return [
    title,
    '',
    identity(target),
    '',
    '| artifact | file | size | sha256 |',
    '| --- | --- | ---: | --- |',
    ...rows,
    '',
  ];
}

function identity({ manifest, steps, output, signatures }: BuildReport): string {
  const { KAIROS_NAME: name = 'The image', KAIROS_VERSION: version = '' } = manifest.release;
  const cached = steps.filter((step) => step.cached).length;
  const signed = signatures === undefined ? '' : `, signed by ${signatures.signer}`;
  const place = relative(process.cwd(), output) || '.';
  return `${[name, version].join(' ').trim()} in \`${place}\`${signed}; ${cached} of ${steps.length} steps from the cache.`;
}

function renderPushed({ reference, digest, tags, signatures }: Pushed): string[] {
  const signed = signatures === undefined ? '' : `, signed by ${signatures.signer}`;
  return [
    `Pushed \`${reference}@${digest}\`, tagged ${tags.map((tag) => `\`${tag}\``).join(', ')}${signed}.`,
    '',
  ];
}
