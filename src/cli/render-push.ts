import type { PushResult } from '../publish/push-images.ts';

/** What is in the registry now, under which names. */
export function renderPush({ reference, digest, tags, images = [], artifacts }: PushResult): string {
  const lines = [
    `Pushed ${reference}@${digest}`,
    ...images.map((image) => `  ${image.platform}: ${image.digest}`),
    ...artifacts.map((artifact) => `  ${artifact.file}: ${artifact.digest}`),
    `Tagged ${tags.map((tag) => `${reference}:${tag}`).join(', ')}`,
  ];
  return `${lines.join('\n')}\n`;
}
