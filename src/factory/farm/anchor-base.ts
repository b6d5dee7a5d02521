/** A Containerfile whose image from a registry is the base of the build. */
export interface AnchoredContainerfile {
  readonly text: string;
  /** The image that it names; absent if it names none, or several, which the build refuses by itself. */
  readonly base?: string;
}

const FROM = /^(\s*FROM\s+(?:--platform=\S+\s+)?)(\S+)(\s+AS\s+(\S+))?\s*$/i;

/**
 * Makes the one image that a Containerfile begins with the base of the build, which resolves, verifies and locks it: builds pull no
 * images for a `FROM`.
 */
export function anchorBase(containerfile: string): AnchoredContainerfile {
  const lines = containerfile.split('\n');
  const stages = new Set<string>();
  const images = new Set<string>();
  for (const line of lines) {
    const [, , image, , stage] = FROM.exec(line) ?? [];
    if (image !== undefined && !stages.has(image.toLowerCase()) && !isVariable(image)) images.add(image);
    if (stage !== undefined) stages.add(stage.toLowerCase());
  }
  const [base, ...others] = images;
  if (base === undefined || others.length > 0 || base === 'scratch') return { text: containerfile };
  const anchored = lines.map((line) => {
    const [, before = '', image, as = ''] = FROM.exec(line) ?? [];
    return image === base ? `${before}\${BASE_IMAGE}${as}` : line;
  });
  return { text: anchored.join('\n'), base };
}

function isVariable(image: string): boolean {
  return image.startsWith('$');
}
