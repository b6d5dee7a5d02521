import type { Asked, WritableRegistry } from '../writable-registry.ts';
import { type Habit, redirect, UPLOADS } from './habit.ts';

const BLOB = /\/blobs\/sha256:/;
const ELSEWHERE = { code: 'REGISTRY_UNAUTHORIZED', message: /redirects to/, remedy: /its name instead/ };

interface TokenHabit {
  readonly granted?: (scopes: string[]) => string[];
  /** The scope in the challenge; may be empty. */
  readonly scopeOf?: (asked: Asked) => string;
  readonly isOpen?: (asked: Asked) => boolean;
}

/** Sends the token server's address, or grants a token for the scopes that `granted` leaves. */
function withTokens(
  registry: WritableRegistry,
  {
    granted = (scopes) => scopes,
    scopeOf = () => 'repository:team/os:pull',
    isOpen = () => false,
  }: TokenHabit,
): void {
  registry.treat = (asked) => {
    if (asked.path === '/token') {
      const token = Buffer.from(granted(asked.query.getAll('scope')).join(' ')).toString('base64url');
      return { status: 200, body: JSON.stringify({ token }) };
    }
    if (asked.path === '/v2/' || isOpen(asked)) return undefined;
    const bearer = /^Bearer (.+)$/.exec(asked.headers.authorization ?? '')?.[1] ?? '';
    const scopes = Buffer.from(bearer, 'base64url').toString().split(' ');
    const action = /^(?:GET|HEAD)$/.test(asked.method) ? 'pull' : 'push';
    if (scopes.some((scope) => scope.startsWith('repository:team/os:') && scope.includes(action)))
      return undefined;
    const scope = scopeOf(asked);
    const challenge = `Bearer realm="http://${registry.address}/token",service="r"${scope && `,scope="${scope}"`}`;
    return { status: 401, headers: { 'www-authenticate': challenge } };
  };
}

/** Redirects, `HEAD`, and tokens. */
export const ACCESS_HABITS: readonly Habit[] = [
  {
    habit: 'redirects the start of an upload to another host, which answers with a path',
    report: 'https://github.com/containerd/containerd/issues/11949',
    set: (registry) => {
      registry.treat = (asked) => {
        if (asked.host !== registry.address || !UPLOADS.test(asked.path)) return undefined;
        return asked.method === 'POST' ? redirect(asked, registry.second) : { status: 404 };
      };
    },
  },
  {
    habit: 'redirects every request to another host',
    report: 'https://github.com/google/go-containerregistry/issues/2333',
    set: (registry) => {
      registry.treat = (asked) =>
        asked.host === registry.address ? redirect(asked, registry.second) : undefined;
    },
  },
  {
    habit: 'redirects every request to another host, which wants credentials of its own',
    report: 'https://github.com/cloudfoundry/dockerapplifecycle/issues/9',
    pushFails: ELSEWHERE,
    pullFails: ELSEWHERE,
    set: (registry) => {
      const challenge = `Bearer realm="http://${registry.second}/token",service="r"`;
      registry.treat = (asked) => {
        if (asked.path === '/token') throw new Error('credentials would have been sent to another host');
        if (asked.host === registry.address) return redirect(asked, registry.second);
        return { status: 401, headers: { 'www-authenticate': challenge } };
      };
    },
  },
  {
    habit: 'redirects requests for blobs to a relative address',
    report: 'https://github.com/sonatype/nexus-public/issues/1061',
    set: (registry) => {
      registry.treat = ({ path, query }) =>
        BLOB.test(path) && !query.has('direct')
          ? { status: 302, headers: { location: `./${path.split('/').at(-1)}?direct=1` } }
          : undefined;
    },
  },
  {
    habit: 'redirects HEAD to a storage that only allows GET',
    report: 'https://github.com/moby/moby/issues/50065',
    set: (registry) => {
      registry.treat = (asked) => {
        if (asked.method !== 'HEAD') return undefined;
        return asked.host === registry.address ? redirect(asked, registry.second) : { status: 403 };
      };
    },
  },
  {
    habit: 'refuses HEAD',
    report: 'https://github.com/merll/docker-registry-util/issues/3',
    set: (registry) => {
      registry.treat = ({ method }) => (method === 'HEAD' ? { status: 405 } : undefined);
    },
  },
  {
    habit: 'wants a login for HEAD and for pushing, but not for GET',
    report: 'https://github.com/goharbor/harbor/issues/14711',
    set: (registry) => withTokens(registry, { isOpen: ({ method }) => method === 'GET' }),
  },
  {
    habit: 'names no scope in its challenge',
    report: 'https://github.com/containerd/containerd/issues/3556',
    set: (registry) => withTokens(registry, { scopeOf: () => '' }),
  },
  {
    habit: 'grants only the last of several scopes',
    report: 'https://github.com/estesp/manifest-tool/issues/53',
    mounts: true,
    set: (registry) => {
      withTokens(registry, {
        granted: (scopes) => scopes.slice(-1),
        scopeOf: ({ method }) => `repository:team/os:pull${/GET|HEAD/.test(method) ? '' : ',push'}`,
      });
    },
  },
  {
    habit: 'forbids reusing blobs of a repository that the user may not read',
    report: 'https://github.com/containerd/containerd/issues/14086',
    mounts: true,
    set: (registry) => {
      registry.treat = ({ query }) => (query.has('mount') ? { status: 403 } : undefined);
    },
  },
];
