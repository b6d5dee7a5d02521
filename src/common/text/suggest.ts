import { closest, distance } from 'fastest-levenshtein';

/** Words of other tools for the same thing. */
const SYNONYMS: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  x64: 'amd64',
  aarch64: 'arm64',
  armv8: 'arm64',
  img: 'raw',
  disk: 'raw',
  container: 'oci',
  docker: 'oci',
  image: 'oci',
  cdrom: 'iso',
  efi: 'uefi',
  legacy: 'bios',
  podman: 'buildah',
  gz: 'gzip',
  zst: 'zstd',
};

/**
 * Suggests a known word for a mistyped one, or for the word of another tool.
 * @returns ` (did you mean "…"?)`, or `''` when no known word is similar
 */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  return meant === undefined ? '' : ` (did you mean "${meant}"?)`;
}

function nearest(word: string, known: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const synonym = Object.hasOwn(SYNONYMS, lower) ? SYNONYMS[lower] : undefined;
  if (synonym !== undefined && known.includes(synonym)) return synonym;
  if (known.length === 0) return undefined;
  return similarTo(word, known) ?? (lower === word ? undefined : similarTo(lower, known));
}

function similarTo(word: string, known: readonly string[]): string | undefined {
  const similar = closest(word, known);
  // Two changes make any word of another one of three letters.
  const most = similar.length <= 3 ? 1 : Math.max(2, Math.floor(similar.length / 3));
  return distance(word, similar) <= most ? similar : undefined;
}
