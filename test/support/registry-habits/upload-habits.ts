import { type Habit, HTML, UPLOADS } from './habit.ts';

/** The most bytes of a chunk that the registry with a limit takes. */
const LIMIT = 100_000;

/** Uploads of blobs. */
export const UPLOAD_HABITS: readonly Habit[] = [
  {
    habit: 'demands a Content-Length',
    report: 'https://github.com/oras-project/rust-oci-client/pull/176',
    set: (registry) => {
      registry.treat = ({ method, headers }) =>
        /^P/.test(method) && headers['content-length'] === undefined
          ? { status: 411, headers: HTML, body: '<!DOCTYPE html><title>Error 411</title>' }
          : undefined;
    },
  },
  {
    habit: 'knows no upload of a blob in one PUT',
    report: 'https://github.com/docker/buildx/issues/196',
    set: (registry) => {
      registry.treat = ({ method, path, headers }) =>
        method === 'PUT' && UPLOADS.test(path) && Number(headers['content-length']) > 0
          ? { status: 404, body: '{"errors":[{"code":"BLOB_UNKNOWN"}]}' }
          : undefined;
    },
  },
  {
    habit: 'knows no upload in chunks',
    report: 'https://github.com/dotnet/sdk-container-builds/pull/287',
    set: (registry) => {
      registry.treat = ({ method }) => (method === 'PATCH' ? { status: 400 } : undefined);
    },
  },
  {
    habit: 'takes chunks up to a size, and answers that the range is wrong',
    report: 'https://github.com/ocx-sh/ocx/pull/237',
    set: (registry) => {
      registry.treat = ({ method, headers }) =>
        method === 'PATCH' && headers['content-range'] && Number(headers['content-length']) > LIMIT
          ? { status: 416, body: '{"errors":[{"code":"REQUESTED_RANGE_NOT_SATISFIABLE"}]}' }
          : undefined;
    },
  },
  {
    habit: 'answers 201 to a chunk, and reports the range of the first one ever after',
    report: 'https://github.com/aws/containers-roadmap/issues/2831',
    set: (registry) => {
      const first = new Map<string, string>();
      registry.change = ({ method, path }, answer) => {
        if (answer.headers['range'] === undefined || method === 'POST') return answer;
        const range = first.get(path) ?? answer.headers['range'];
        if (method === 'PATCH') first.set(path, range);
        return {
          ...answer,
          status: answer.status === 202 ? 201 : answer.status,
          headers: { ...answer.headers, range },
        };
      };
    },
  },
  {
    habit: 'reports the size of the last chunk as the range',
    report: 'https://github.com/regclient/regclient/issues/627',
    set: (registry) => {
      registry.change = ({ method, headers }, answer) =>
        method === 'PATCH' && answer.status === 202
          ? { ...answer, headers: { ...answer.headers, range: `0-${Number(headers['content-length']) - 1}` } }
          : answer;
    },
  },
];
