/** The host names of Docker Hub; a policy calls it `docker.io`. */
const DOCKER_HUB = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/**
 * Returns the name of a repository as used in policies: `registry.example.com/os/debian`, without tag or digest. The host
 * is normalized: lower case, without a trailing dot and without the port 443; Docker Hub is `docker.io`.
 */
export function repositoryName(registry: string, repository: string): string {
  const host = registry
    .toLowerCase()
    .replace(/\.(?=:|$)/, '')
    .replace(/:443$/, '');
  if (!DOCKER_HUB.has(host)) return `${host}/${repository}`;
  return `docker.io/${repository.includes('/') ? repository : `library/${repository}`}`;
}

/** Why `match` is not a valid pattern of repositories; `undefined` when it is. */
export function matchProblem(match: string): string | undefined {
  if (!/^[a-z0-9.:_/*[\]-]+$/.test(match)) return 'has characters that are not allowed in a repository name';
  if (match.includes('//') || match.startsWith('/')) return 'must be REGISTRY/REPOSITORY, without a scheme';
  if (match.includes('***')) return 'has more than two stars in a row';
  if (match.slice(match.indexOf('/')).includes(':')) return 'must not have a tag';
  if (!match.includes('/') && match !== '**') return 'must be REGISTRY/REPOSITORY';
  return undefined;
}

/**
 * Whether a pattern matches a repository: `*` matches any characters within one component of the name, `**` matches any
 * characters, and a pattern that ends in `/` matches everything below it. All other characters are literal.
 */
export function matches(match: string, name: string): boolean {
  const pattern = (match.endsWith('/') ? `${match}**` : match)
    .split(/(\*\*?)/)
    .map((piece) => ({ '*': '[^/]*', '**': '.*' })[piece] ?? piece.replace(/[.[\]]/g, '\\$&'))
    .join('');
  return new RegExp(`^${pattern}$`, 's').test(name);
}

/** How specific a pattern is: the number of characters before its first star. */
export function specificity(match: string): number {
  const star = match.indexOf('*');
  return star < 0 ? match.length : star;
}
