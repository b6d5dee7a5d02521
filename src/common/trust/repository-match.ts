/** The hosts under which Docker Hub is reached; a policy calls it `docker.io`. */
const DOCKER_HUB = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/**
 * The name of a repository as a policy writes it: `registry.example.com/os/debian`, without tag or digest. A host
 * has one name: in lower case, without the dot of the root and without the port of HTTPS; Docker Hub is `docker.io`.
 */
export function repositoryName(registry: string, repository: string): string {
  const host = registry
    .toLowerCase()
    .replace(/\.(?=:|$)/, '')
    .replace(/:443$/, '');
  if (!DOCKER_HUB.has(host)) return `${host}/${repository}`;
  return `docker.io/${repository.includes('/') ? repository : `library/${repository}`}`;
}

/** Why `match` can be no pattern of repositories; `undefined` when it can. */
export function matchProblem(match: string): string | undefined {
  if (!/^[a-z0-9.:_/*[\]-]+$/.test(match)) return 'has characters that no name of a repository has';
  if (match.includes('//') || match.startsWith('/')) return 'must be REGISTRY/REPOSITORY, without a scheme';
  if (match.includes('***')) return 'has more than two stars in a row';
  if (match.slice(match.indexOf('/')).includes(':')) return 'must not have a tag';
  if (!match.includes('/') && match !== '**') return 'must be REGISTRY/REPOSITORY';
  return undefined;
}

/**
 * Whether a pattern means the repository: `*` stands for anything within one part of the name, `**` for anything at
 * all, and a pattern that ends in `/` for everything below it. All else is literal.
 */
export function matches(match: string, name: string): boolean {
  const pattern = (match.endsWith('/') ? `${match}**` : match)
    .split(/(\*\*?)/)
    .map((piece) => ({ '*': '[^/]*', '**': '.*' })[piece] ?? piece.replace(/[.[\]]/g, '\\$&'))
    .join('');
  return new RegExp(`^${pattern}$`, 's').test(name);
}

/** How closely a pattern describes what it matches: the characters before its first star. */
export function specificity(match: string): number {
  const star = match.indexOf('*');
  return star < 0 ? match.length : star;
}
