import type { Answer, Asked, Treatment } from '../writable-registry.ts';
import { type Habit, HTML } from './habit.ts';

/** Answers a request for the tag that lists the referrers of a manifest. */
function onReferrersTag(asked: Asked, answer: (digest: string) => Treatment): Treatment {
  const hex = /\/manifests\/sha256-([0-9a-f]{64})$/.exec(asked.path)?.[1];
  return hex !== undefined && asked.method === 'GET' ? answer(`sha256:${hex}`) : undefined;
}

/** Lists the tags one by one, with the link to the next. */
function page(asked: Asked, answer: Answer, link: (next: string) => string): Answer {
  if (!asked.path.endsWith('/tags/list') || answer.content === undefined) return answer;
  const { tags } = JSON.parse(answer.content.toString()) as { tags: string[] };
  const at = Number(Buffer.from(asked.query.get('next_page') ?? '', 'base64url').toString());
  const next = Buffer.from(`${at + 1}`).toString('base64url');
  const headers = { ...answer.headers, ...(at + 1 < tags.length ? { link: link(next) } : {}) };
  return { status: 200, headers, content: Buffer.from(JSON.stringify({ tags: [tags[at]] })) };
}

/** Lists of tags and of referrers. */
export const LIST_HABITS: readonly Habit[] = [
  {
    habit: 'lists tags in pages with an opaque parameter',
    report: 'https://github.com/deitch/docker_registry2/issues/56',
    set: (registry) => {
      registry.change = (asked, answer) =>
        page(asked, answer, (next) => `<${asked.path}?next_page=${next}&n=1>; rel="next"`);
    },
  },
  {
    habit: 'lists tags in pages with an absolute address',
    report: 'https://github.com/TritonDataCenter/node-docker-registry-client/issues/12',
    set: (registry) => {
      registry.change = (asked, answer) =>
        page(asked, answer, (next) => `<https://else.example${asked.path}?next_page=${next}>; rel=next`);
    },
  },
  {
    habit: 'promises to list referrers, but cannot',
    report: 'https://github.com/sigstore/sigstore-js/pull/1183',
    set: (registry) => {
      registry.treat = ({ path }) => (path.includes('/referrers/') ? { status: 404 } : undefined);
    },
  },
  {
    habit: 'answers 406 when it is asked for referrers',
    report: 'https://github.com/google/go-containerregistry/pull/2026',
    set: (registry) => {
      registry.knowsReferrers = false;
      registry.treat = ({ path }) => (path.includes('/referrers/') ? { status: 406 } : undefined);
    },
  },
  {
    habit: 'sends its login page when it is asked for referrers',
    report: 'https://github.com/google/go-containerregistry/pull/1968',
    set: (registry) => {
      registry.knowsReferrers = false;
      registry.treat = ({ path }) => {
        if (path === '/login')
          return { status: 200, headers: HTML, body: '<!doctype html><title>Sign in</title>' };
        return path.includes('/referrers/') ? { status: 302, headers: { location: '/login' } } : undefined;
      };
    },
  },
  {
    habit: 'takes the tag that lists the referrers of an image for the image',
    report: 'https://github.com/oras-project/oras-go/issues/1396',
    listsReferrers: false,
    set: (registry) => {
      registry.knowsReferrers = false;
      registry.treat = (asked) =>
        onReferrersTag(asked, (digest) => {
          const found = registry.manifests.get(`team/os@${digest}`);
          if (found === undefined) return undefined;
          const headers = { 'content-type': found.type, 'docker-content-digest': digest };
          return { status: 200, headers, body: found.bytes.toString() };
        });
    },
  },
];
