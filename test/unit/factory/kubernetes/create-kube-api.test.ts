import { expect, test } from 'vitest';
import { createKubeApi } from '../../../../src/factory/kubernetes/create-kube-api.ts';
import { apiPath, KIND } from '../../../../src/factory/kubernetes/kinds.ts';
import type { KubeAnswer, KubeRequest } from '../../../../src/factory/kubernetes/request.ts';

const JOB = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j', namespace: 'n' } };

/** An API over scripted answers, and the requests that reach it. */
function scripted(...answers: readonly KubeAnswer[]) {
  const requests: KubeRequest[] = [];
  const left = [...answers];
  const api = createKubeApi(
    async (request) => {
      requests.push(request);
      return left.shift() ?? { status: 500, body: undefined };
    },
    () => KIND.job,
  );
  return { api, requests };
}

test('paths of kinds, objects and subresources', () => {
  expect(apiPath({ kind: KIND.node })).toBe('/api/v1/nodes');
  expect(apiPath({ kind: KIND.node, name: 'a b' }, 'status')).toBe('/api/v1/nodes/a%20b/status');
  expect(apiPath({ kind: KIND.job, namespace: 'n' })).toBe('/apis/batch/v1/namespaces/n/jobs');
  expect(apiPath({ kind: KIND.job })).toBe('/apis/batch/v1/jobs');
});

test('an object that does not exist is undefined, and its deletion a success', async () => {
  const { api } = scripted({ status: 404, body: {} }, { status: 404, body: {} });
  const ref = { kind: KIND.job, name: 'j', namespace: 'n' };
  expect(await api.read(ref)).toBeUndefined();
  await api.remove(ref);
});

test('an object that exists is not created again', async () => {
  const { api } = scripted({ status: 409, body: {} }, { status: 201, body: JOB });
  expect(await api.create(JOB)).toBe(false);
  expect(await api.create(JOB)).toBe(true);
});

test('a list is read in pages, whose items get the kind that the server leaves out', async () => {
  const item = (name: string) => ({ metadata: { name } });
  const { api, requests } = scripted(
    { status: 200, body: { metadata: { continue: 'next' }, items: [item('a')] } },
    { status: 200, body: { metadata: { resourceVersion: '7' }, items: [item('b')] } },
  );
  const found = await api.list(KIND.job, { namespace: 'n', labels: 'x=y' });
  expect(found.map(({ apiVersion, kind, metadata }) => [apiVersion, kind, metadata.name])).toEqual([
    ['batch/v1', 'Job', 'a'],
    ['batch/v1', 'Job', 'b'],
  ]);
  expect(requests.map(({ query }) => [query?.['labelSelector'], query?.['continue']])).toEqual([
    ['x=y', undefined],
    ['x=y', 'next'],
  ]);
});

test('an apply takes over the fields that it names', async () => {
  const { api, requests } = scripted({ status: 200, body: JOB });
  await api.apply(JOB, { subresource: 'status' });
  expect(requests[0]).toMatchObject({
    method: 'PATCH',
    path: '/apis/batch/v1/namespaces/n/jobs/j/status',
    query: { fieldManager: 'kairos-factory', force: 'true' },
    contentType: 'application/apply-patch+yaml',
  });
});

test.each([
  [201, true],
  [404, true],
  [429, false],
])('an eviction that is answered with %s is %s', async (status, granted) => {
  const { api, requests } = scripted({ status, body: {} });
  expect(await api.evict({ name: 'p', namespace: 'n' }, { gracePeriodSeconds: 3 })).toBe(granted);
  expect(requests[0]?.path).toBe('/api/v1/namespaces/n/pods/p/eviction');
  expect(requests[0]?.body).toMatchObject({ kind: 'Eviction', deleteOptions: { gracePeriodSeconds: 3 } });
});

test.each([
  [
    403,
    { message: 'jobs is forbidden' },
    'PATCH /apis/batch/v1/namespaces/n/jobs/j: jobs is forbidden',
    /roles/,
  ],
  [401, { message: 'Unauthorized' }, 'Unauthorized', /credentials/],
  [404, undefined, 'answers with status 404', /custom resource definitions/],
  [500, { reason: 'InternalError' }, 'InternalError', undefined],
])('status %s is an error with the words of the server', async (status, body, words, remedy) => {
  const { api } = scripted({ status, body });
  const error = await api
    .patch({ kind: KIND.job, name: 'j', namespace: 'n' }, {})
    .catch((each: unknown) => each);
  expect(error).toMatchObject({ code: 'KUBERNETES_FAILED', status, message: expect.stringContaining(words) });
  if (remedy) expect(error).toMatchObject({ remedy: expect.stringMatching(remedy) });
});
