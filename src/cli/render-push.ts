import type { PushResult } from '../publish/push-images.ts';

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
