import { shownPath } from '../../common/text/shown-path.ts';
import { formatSize } from '../../common/text/size-text.ts';
import { BOOTABLE_KINDS } from '../config/bootable.ts';
import type { BuildReport, TargetsReport } from '../pipeline/build-report.ts';
import type { ScanReport } from '../pipeline/steps/vulnerability-step.ts';
import { programName } from './program-name.ts';
import { table } from './table.ts';

/** Renders the report of a build: artifacts, sizes, times, and how to boot. */
export function renderReport(report: BuildReport): string {
  const ran = report.steps.filter(({ cached }) => !cached);
  const took = new Map(
    report.steps.map(({ id, seconds, cached }) => [id, cached ? 'cached' : `${seconds.toFixed(1)} s`]),
  );
  const rows = report.manifest.artifacts.map(({ kind, file, size }) => [
    kind,
    file,
    formatSize(size),
    took.get(`artifact:${kind}`) ?? '',
  ]);
  const bootable = BOOTABLE_KINDS.map((kind) =>
    report.manifest.artifacts.find((entry) => entry.kind === kind),
  ).find(Boolean);
  const place = shownPath(report.output);
  return [
    table([['ARTIFACT', 'FILE', 'SIZE', 'TIME'], ...rows]),
    ...(report.manifest.images ?? []).map(({ reference, digest }) => `From ${reference} (${digest}).`),
    ...(report.vulnerabilities ? [renderScan(report.vulnerabilities)] : []),
    ...(report.signatures
      ? [`Signed by ${report.signatures.signer}: the bundle of each file is FILE.sigstore.json.`]
      : []),
    `${place}/SHA256SUMS and ${place}/manifest.json list the files.`,
    ran.length === 0
      ? `Everything is up to date (${report.seconds.toFixed(1)} s).`
      : `Done in ${report.seconds.toFixed(1)} s; ${report.steps.length - ran.length} of ${report.steps.length} steps from the cache.`,
    ...(bootable
      ? [`Boot it, with an account to log in: ${programName()} boot ${place}/${bootable.file} --user`]
      : []),
    '',
  ].join('\n');
}

function renderScan(scan: ScanReport): string {
  if (scan.status === 'skipped') return `Vulnerabilities were NOT scanned: ${scan.reason}.`;
  const counts = Object.entries(scan.counts).map(([severity, count]) => `${count} ${severity}`);
  return counts.length === 0
    ? 'No known vulnerabilities.'
    : `Known vulnerabilities below the limit: ${counts.join(', ')}.`;
}

/** Renders the state and the artifacts of each target. */
export function renderTargets({ targets, seconds }: TargetsReport): string {
  const rows = targets.flatMap((target) => {
    const { name = '' } = target;
    if (target.status !== 'done') return [[name, target.status, '', '']];
    const place = shownPath(target.output);
    return target.manifest.artifacts.map(({ file, size }, index) => [
      index === 0 ? name : '',
      index === 0 ? target.status : '',
      `${place}/${file}`,
      formatSize(size),
    ]);
  });
  const done = targets.filter(({ status }) => status === 'done').length;
  return [
    table([['TARGET', 'STATE', 'FILE', 'SIZE'], ...rows]),
    `${done} of ${targets.length} targets done in ${seconds.toFixed(1)} s.`,
    '',
  ].join('\n');
}
