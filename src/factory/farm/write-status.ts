import { conditionNow } from '../kubernetes/condition.ts';
import type { KubeApi } from '../kubernetes/kube-api.ts';
import type { RecordEvent } from '../kubernetes/record-event.ts';
import { sortedJson } from '../kubernetes/sorted-json.ts';
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
    conditions: [readyCondition(state, before.conditions, now())],
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

/** The condition `Ready`, for `kubectl wait`. */
function readyCondition(
  { phase, reason, message }: FarmState,
  before: OSArtifactStatus['conditions'],
  now: number,
): NonNullable<OSArtifactStatus['conditions']>[number] {
  const status = phase === 'Ready' ? 'True' : 'False';
  return conditionNow({ type: 'Ready', status, reason, message }, { before, now });
}

function isSame(one: OSArtifactStatus, other: OSArtifactStatus): boolean {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof OSArtifactStatus>;
  return [...keys].every((key) => sortedJson(one[key]) === sortedJson(other[key]));
}
