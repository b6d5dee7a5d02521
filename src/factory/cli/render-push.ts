import type { PushGroup } from '../deliver/publish/publish-build.ts';
import type { PushResult } from '../deliver/publish/push-images.ts';
import { repositoryName } from '../deliver/publish/push-target.ts';

/** A push that follows successful builds, in a plan. */
export interface PlannedPush {
  readonly reference: string;
  /** Empty if each image is tagged with its own name, which is known after the build. */
  readonly tags: readonly string[];
  /** The names of the pushed builds, if there are several. */
  readonly targets: readonly string[];
  /** The signer, as the user wrote it; absent for an unsigned push. */
  readonly signer?: string;
}

/** Plans the pushes, without connecting to a registry. */
export function planPushes(groups: readonly PushGroup[]): PlannedPush[] {
  return groups.map(({ target, builds }) => {
    const signer = builds[0]?.spec.sign?.key;
    return {
      reference: repositoryName(target),
      tags: target.tags,
      targets: builds.flatMap(({ name }) => name ?? []),
      ...(signer === undefined ? {} : { signer }),
    };
  });
}

/** Renders a line for each push of a plan. */
export function renderPushPlan(groups: readonly PushGroup[]): string {
  const lines = planPushes(groups).map(({ reference, tags, targets, signer }) => {
    const what = targets.length === 0 ? '' : ` ${targets.join(', ')}`;
    const names =
      tags.length === 0
        ? `${reference} by its own name`
        : tags.map((tag) => `${reference}:${tag}`).join(', ');
    return `Then pushes${what} to ${names}${signer === undefined ? '' : `, signed by ${signer}`}\n`;
  });
  return lines.join('');
}

/** Renders the result of a push: digests and tags. */
export function renderPush({
  reference,
  digest,
  tags,
  images = [],
  artifacts,
  signatures,
}: PushResult): string {
  const lines = [
    `Pushed ${reference}@${digest}`,
    ...images.map((image) => `  ${image.platform}: ${image.digest}`),
    ...artifacts.map((artifact) => `  ${artifact.file}: ${artifact.digest}`),
    ...(signatures ? [signedBy(signatures)] : []),
    `Tagged ${tags.map((tag) => `${reference}:${tag}`).join(', ')}`,
  ];
  return `${lines.join('\n')}\n`;
}

function signedBy({ signer, attestations }: NonNullable<PushResult['signatures']>): string {
  const attached = attestations.length === 0 ? '' : `, with ${attestations.join(', ')} attached`;
  return `Signed by ${signer}${attached}`;
}
