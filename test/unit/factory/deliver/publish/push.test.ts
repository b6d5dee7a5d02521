import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type PushJob, push } from '../../../../../src/factory/deliver/publish/push.ts';
import { parsePushTarget } from '../../../../../src/factory/deliver/publish/push-target.ts';
import { writeOciLayout } from '../../../../../src/factory/inputs/base/oci-layout.ts';
import type { BuildEvent } from '../../../../../src/factory/pipeline/events.ts';
import { type WritableRegistry, writableRegistry } from '../../../../support/writable-registry.ts';
import { failureOf } from '../../../support/failure.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

let registry: WritableRegistry;
beforeEach(async () => {
  registry = await writableRegistry();
  vi.stubEnv('XDG_CACHE_HOME', temporaryDirectory());
  vi.stubEnv('KAIROS_FACTORY_CACHE', undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await registry[Symbol.asyncDispose]();
});

/** Writes an image layout with an image named `tag`. */
async function makeLayout(tag: string, arch: 'amd64' | 'arm64' = 'amd64'): Promise<string> {
  const layout = join(temporaryDirectory(), 'os.oci');
  mkdirSync(layout);
  await writeOciLayout(layout, { arch, epoch: 1, tag }, async (output) => {
    output.end(`content of ${tag}`);
  });
  return layout;
}

const job = (to: string, ...layouts: readonly string[]): PushJob => ({
  sources: layouts.map((path) => ({ kind: 'layout', path, name: undefined })),
  target: parsePushTarget(`${registry.address}/${to}`),
  isIndex: false,
  registries: [],
});

/** Starts a push and collects its events and logs. */
function follow(...jobs: readonly PushJob[]) {
  const events: BuildEvent[] = [];
  const logs: string[] = [];
  const work = push(jobs, { emit: (event) => events.push(event), onLog: (file) => logs.push(file) });
  return { work, events, logs };
}
const told = (events: readonly BuildEvent[]) =>
  events.flatMap((event) =>
    event.type === 'progress' || event.type === 'notice'
      ? []
      : [`${event.type}${'id' in event ? ` ${event.id}` : ''}`],
  );
const tags = () => [...registry.manifests.keys()].filter((name) => !name.includes('@')).sort();

describe('push', () => {
  test('pushes an image under its tag and reports its digest', async () => {
    const { work, events, logs } = follow(job('team/os:v1', await makeLayout('own')));
    const [result] = await work;
    expect(result?.tags).toEqual(['v1']);
    expect(registry.manifests.has(`team/os@${result?.digest}`)).toBe(true);
    expect(tags()).toEqual(['team/os:v1']);
    expect(told(events)).toEqual(['plan', 'start push', 'end push']);
    expect(logs).toHaveLength(1);
  });

  test('uses the name of the image when no tag is given', async () => {
    await follow(job('team/os', await makeLayout('own'))).work;
    expect(tags()).toEqual(['team/os:own']);
  });

  test('makes an index of several images', async () => {
    const layouts = [await makeLayout('one', 'amd64'), await makeLayout('two', 'arm64')];
    const [result] = await follow(job('team/os:v1', ...layouts)).work;
    expect(result?.images?.map(({ platform }) => platform)).toEqual(['linux/amd64', 'linux/arm64/v8']);
    expect(tags()).toEqual(['team/os:v1']);
  });

  test('runs jobs one after the other, each as its own step', async () => {
    const jobs = [job('team/a:v1', await makeLayout('a')), job('team/b:v1', await makeLayout('b'))];
    const { work, events } = follow(...jobs);
    expect(await work).toHaveLength(2);
    expect(told(events)).toEqual(['plan', 'start push:1', 'end push:1', 'start push:2', 'end push:2']);
  });

  test('stops at the first failed job; earlier jobs keep their tags, later jobs get none', async () => {
    const names = ['a', 'b', 'c'];
    const jobs = await Promise.all(names.map(async (name) => job(`team/${name}:v1`, await makeLayout(name))));
    registry.treat = ({ method, path }) =>
      method !== 'GET' && path.includes('/team/b/') ? { status: 403 } : undefined;
    const { work, events } = follow(...jobs);
    await failureOf(() => work, 'step');
    expect(told(events)).toEqual(['plan', 'start push:1', 'end push:1', 'start push:2', 'fail push:2']);
    expect(tags()).toEqual(['team/a:v1']);
  });

  test('refuses two images with the same name before anything is sent', async () => {
    const layouts = [await makeLayout('same'), await makeLayout('same')];
    const { work, events } = follow(...layouts.map((layout) => job('team/os', layout)));
    const error = await failureOf(() => work, 'usage');
    expect(error.message).toContain(`would both be pushed as ${registry.address}/team/os:same`);
    for (const layout of layouts) expect(error.message).toContain(layout);
    expect(registry.seen).toEqual([]);
    expect(told(events)).toEqual(['plan']);
  });

  test('accepts the same name in two repositories', async () => {
    const layouts = [await makeLayout('same'), await makeLayout('same')];
    await follow(...layouts.map((layout, at) => job(`team/os${at}`, layout))).work;
    expect(tags()).toEqual(['team/os0:same', 'team/os1:same']);
  });
});
