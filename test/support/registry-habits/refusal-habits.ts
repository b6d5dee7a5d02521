import { type Habit, HTML } from './habit.ts';

const WEB_PAGE = { code: 'REGISTRY_REFUSED', message: /web page/, remedy: /proxy/ };
const MANIFEST = /\/manifests\//;

/** Refusals, and answers of something other than a registry. */
export const REFUSAL_HABITS: readonly Habit[] = [
  {
    habit: 'refuses manifests that refer to an image',
    report: 'https://github.com/aws/containers-roadmap/issues/2783',
    pushFails: { code: 'REGISTRY_REFUSED', message: /refuses .*HTTP 405/, remedy: /OCI 1\.1/ },
    pullFails: { code: 'REGISTRY_NOT_FOUND', message: /has no/, remedy: /tag/ },
    set: (registry) => {
      registry.change = ({ method, path }, answer) => {
        if (method !== 'PUT' || !MANIFEST.test(path)) return answer;
        const name = `team/os@${path.split('/').at(-1)}`;
        if (!registry.manifests.get(name)?.bytes.includes('"subject"')) return answer;
        registry.manifests.delete(name);
        const errors = [{ code: 'UNSUPPORTED', message: "Invalid parameter at 'ImageManifest'" }];
        return { status: 405, headers: {}, content: Buffer.from(JSON.stringify({ errors })) };
      };
    },
  },
  {
    habit: 'is read-only, in words rather than JSON',
    report: 'https://github.com/podman-container-tools/skopeo/issues/745',
    pushFails: { code: 'REGISTRY_REFUSED', message: /refuses .*HTTP 405/, remedy: /accepts pushes/ },
    pullFails: { code: 'REGISTRY_NOT_FOUND', message: /has no/, remedy: /tag/ },
    set: (registry) => {
      registry.treat = ({ method }) =>
        /^P/.test(method) ? { status: 405, body: 'Method not allowed\n' } : undefined;
    },
  },
  {
    habit: 'answers every request with a web page',
    report: 'https://github.com/podman-container-tools/skopeo/issues/360',
    pushFails: WEB_PAGE,
    pullFails: WEB_PAGE,
    set: (registry) => {
      registry.treat = () => ({ status: 200, headers: HTML, body: '<!doctype html><title>Down</title>' });
    },
  },
  {
    habit: 'is behind a proxy that blocks it with a web page',
    report: 'https://github.com/coder/coder/issues/8297',
    pushFails: WEB_PAGE,
    pullFails: WEB_PAGE,
    set: (registry) => {
      registry.treat = () => ({ status: 403, headers: HTML, body: '<!doctype html><title>Blocked</title>' });
    },
  },
  {
    habit: 'limits the rate of requests, in words rather than JSON',
    report: 'https://github.com/docker/hub-feedback/issues/1907',
    set: (registry) => {
      let count = 0;
      registry.treat = () => {
        count += 1;
        return count % 3 === 0 ? { status: 429, body: 'Too Many Requests (HAP429).\n' } : undefined;
      };
    },
  },
];
