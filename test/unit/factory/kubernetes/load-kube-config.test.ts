import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadKubeConfig } from '../../../../src/factory/kubernetes/load-kube-config.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kairos-factory-unit-'));
});
afterAll(() => rm(directory, { recursive: true }));

const CONFIG = {
  clusters: [{ name: 'c', cluster: { server: 'https://192.0.2.1:6443' } }],
  users: [{ name: 'u', user: { token: 't' } }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  'current-context': 'x',
};
const save = async (name: string, content: unknown): Promise<string> => {
  const file = join(directory, name);
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
};

test('the file given comes before the variable', async () => {
  const file = await save('good', CONFIG);
  const given = loadKubeConfig({ file, env: { KUBECONFIG: '/nowhere' } });
  expect(given.getCurrentCluster()?.server).toBe('https://192.0.2.1:6443');
  expect(loadKubeConfig({ env: { KUBECONFIG: file } }).getCurrentUser()?.token).toBe('t');
});

type Row = readonly [string, () => string | Promise<string> | undefined, RegExp, RegExp | undefined];
const ROWS: readonly Row[] = [
  ['no cluster at all', () => undefined, /no Kubernetes cluster is named/, /--kubeconfig/],
  ['a file that is missing', () => join(directory, 'missing'), /missing.*cannot be used/, undefined],
  ['a file that is not YAML', () => save('bad', '{"'), /bad.*cannot be used/, undefined],
  ['no context', () => save('none', { ...CONFIG, 'current-context': 'y' }), /current context/, /use-context/],
];

test.each(ROWS)('%s is an error', async (_, file, message, remedy) => {
  const given = await file();
  let error: unknown;
  try {
    loadKubeConfig({ file: given, env: {} });
  } catch (caught) {
    error = caught;
  }
  expect(error).toMatchObject({ code: 'KUBECONFIG_INVALID', message: expect.stringMatching(message) });
  if (remedy) expect(error).toMatchObject({ remedy: expect.stringMatching(remedy) });
});
