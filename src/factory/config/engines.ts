/** Programs that build and store container images. */
export const ENGINES = ['auto', 'docker', 'buildah', 'buildkit'] as const;
export type EngineChoice = (typeof ENGINES)[number];
