import type { PushGroup } from '../deliver/publish/publish-build.ts';
import type { PushResult } from '../deliver/publish/push-images.ts';
import { repositoryName } from '../deliver/publish/push-target.ts';

/** What will be pushed when the builds have ended well, as a plan tells it. */
export interface PlannedPush {
  readonly reference: string;
  /** None when each image goes by its own name, which is known when it is built. */
  readonly tags: readonly string[];
  /** Of several builds, those that are pushed. */
  readonly targets: readonly string[];
  /** Who signs it, as the person named it; absent where nobody does. */
  readonly signer?: string;
}

/** The pushes of a plan, without a look at any registry. */
export function planPushes(groups: readonly PushGroup[]): PlannedPush[] {
  return groups.map(({ target, builds }) => {
    const signer = builds[0]?.spec.sign?.key;
    return {
      ...{ reference: repositoryName(target), tags: target.tags },
      targets: builds.flatMap(({ name }) => name ?? []),
      ...(signer === undefined ? {} : { signer }),
    };
  });
}

/** A line for each push of a plan. */
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

/** What is in the registry now, under which names. */
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
