import { type PublishedGroup, type PushGroup, publishBuilds } from '../deliver/publish/publish-build.ts';
import type { TargetsReport } from '../pipeline/build-report.ts';
import { rememberLog } from './render-error.ts';
import { createProgressRenderer } from './render-progress.ts';

/** Pushes the finished targets, with progress on stderr. @throws FactoryError as `publishBuilds` does */
export async function publishDone(
  groups: readonly PushGroup[],
  { targets }: TargetsReport,
): Promise<PublishedGroup[]> {
  const isDone = ({ name }: { readonly name?: string | undefined }) =>
    targets.some((target) => target.name === name && target.status === 'done');
  const show = createProgressRenderer(process.stderr);
  const events = { emit: show.onEvent, onLog: rememberLog };
  return publishBuilds(groups, isDone, events).finally(() => show.close());
}
