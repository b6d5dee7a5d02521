import type { KubeApi } from '../kubernetes/kube-api.ts';
import type { Condition } from '../kubernetes/objects.ts';
import type { RecordEvent } from '../kubernetes/record-event.ts';
import { OS_ARTIFACT } from './kinds.ts';
import type { OSArtifact, OSArtifactStatus, Phase } from './status.ts';

/** What has become of an OSArtifact. Fields that are absent are removed from its status. */
export interface FarmState extends Pick<OSArtifactStatus, 'build' | 'image' | 'artifacts' | 'omitted'> {
  readonly phase: Phase;
  readonly message: string;
  /** One word in CamelCase, for the event and the condition. */
  readonly reason: string;
}

/**
 * Stores what has become of an OSArtifact, if that is news, and records it for people.
 * @throws KubeError with status 409 when the object changed at the same time
 */
export async function writeStatus(
  {
    api,
    recordEvent,
    now,
  }: { readonly api: KubeApi; readonly recordEvent: RecordEvent; readonly now: () => number },
  artifact: OSArtifact,
  state: FarmState,
): Promise<void> {
  const { metadata, status: before = {} } = artifact;
  const { reason, ...fields } = state;
  const status: OSArtifactStatus = {
    ...fields,
    observedGeneration: metadata.generation ?? 0,
    conditions: [condition(state, before.conditions, now())],
  };
  if (isSame(before, status)) return;
  const removed = Object.fromEntries(
    Object.keys(before)
      .filter((key) => status[key as keyof OSArtifactStatus] === undefined)
      .map((key) => [key, null]),
  );
  const { name, namespace, resourceVersion } = metadata;
  await api.patch(
    { kind: OS_ARTIFACT, name, namespace },
    { metadata: { resourceVersion }, status: { ...removed, ...status, ...imagePatch(before, status) } },
    { subresource: 'status' },
  );
  if (before.phase !== state.phase || before.build !== state.build)
    await recordEvent({
      ...{ object: artifact, type: state.phase === 'Error' ? 'Warning' : 'Normal' },
      ...{ reason, message: state.message },
    });
}

/** A merge patch keeps the fields of an object that it does not name. */
function imagePatch(before: OSArtifactStatus, { image }: OSArtifactStatus): object {
  if (image === undefined) return {};
  const gone = Object.keys(before.image ?? {}).filter(
    (key) => image[key as keyof typeof image] === undefined,
  );
  return { image: { ...Object.fromEntries(gone.map((key) => [key, null])), ...image } };
}

function condition(
  state: FarmState,
  before: OSArtifactStatus['conditions'],
  now: number,
): NonNullable<OSArtifactStatus['conditions']>[number] {
  const status: Condition['status'] = state.phase === 'Ready' ? 'True' : 'False';
  const old = before?.find(({ type }) => type === 'Ready');
  const { reason, message } = state;
  const since = old?.status === status ? old.lastTransitionTime : undefined;
  return {
    ...{ type: 'Ready', status, reason, message },
    lastTransitionTime: since ?? new Date(now).toISOString().replace(/\.\d+Z$/, 'Z'),
  };
}

function isSame(one: OSArtifactStatus, other: OSArtifactStatus): boolean {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof OSArtifactStatus>;
  return [...keys].every((key) => JSON.stringify(inOrder(one[key])) === JSON.stringify(inOrder(other[key])));
}

/** The same value with its keys in order: an API server need not keep ours. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, inOrder(each)]),
  );
}
