import { describe, expect, test } from 'vitest';
import { farmNames } from '../../../../src/factory/farm/names.ts';
import { SpecFields } from '../../../../src/factory/farm/spec-fields.ts';
import { Killed } from '../node-operations/fake-api.ts';
import { artifactOf, cluster, DIGEST, ISO, SPEC } from './cluster.ts';

const EXPORTER = {
  template: { spec: { containers: [{ name: 'upload', image: 'registry.example.com/upload:1' }] } },
};
const exported = { ...SPEC, exporters: [EXPORTER] };

describe('an OSArtifact', () => {
  test('is Building, then Ready with digest, files and where the image is', async () => {
    const { fake, reconcile, status, succeed, events } = cluster();
    fake.put(artifactOf(SPEC));
    await reconcile();
    expect(status()).toMatchObject({
      phase: 'Building',
      message: 'waits for its pod',
      observedGeneration: 1,
    });
    expect(fake.all('PersistentVolumeClaim').map(({ metadata }) => metadata.name)).toEqual(['os-artifacts']);
    succeed();
    await reconcile();
    expect(status()).toMatchObject({
      ...{ phase: 'Ready', message: '1 file built', artifacts: [ISO] },
      image: { reference: 'registry.example.com/team/os:v1.2.3', digest: DIGEST },
      conditions: [{ type: 'Ready', status: 'True', reason: 'Ready' }],
    });
    expect(events.map(({ type, reason }) => [type, reason])).toEqual([
      ['Normal', 'Building'],
      ['Normal', 'Ready'],
    ]);
  });

  test('is Exporting until each exporter is done', async () => {
    const { fake, reconcile, status, succeed, end, jobs } = cluster();
    fake.put(artifactOf(exported));
    await reconcile();
    succeed();
    await reconcile();
    expect(status()).toMatchObject({
      phase: 'Exporting',
      message: '0 of 1 exporters done',
      artifacts: [ISO],
    });
    const name = jobs().at(-1)?.metadata.name ?? '';
    expect(name).toContain('os-export-0-');
    end(name, 'Complete', { name: 'upload', exitCode: 0 });
    await reconcile();
    expect(status()).toMatchObject({ phase: 'Ready', artifacts: [ISO] });
  });

  test('is Error with container, exit code and last words, without secrets', async () => {
    const { fake, reconcile, status, end, jobs, events } = cluster();
    fake.put(artifactOf(SPEC));
    await reconcile();
    const message =
      'one\ntwo\nthree\nfour\nfetch https://me:hunter2@registry.example.com/v2/\npassword=hunter2\nno base';
    end(jobs()[0]?.metadata.name ?? '', 'Failed', { name: 'build', exitCode: 4, message });
    await reconcile();
    const { phase, message: said = '' } = status() ?? {};
    expect(phase).toBe('Error');
    expect(said).toContain('container build ended with exit code 4: three | four | ');
    expect(said).toContain('no base');
    expect(JSON.stringify([status(), events])).not.toContain('hunter2');
  });

  test('that took too long says so', async () => {
    const { fake, reconcile, status, end, jobs } = cluster();
    fake.put(artifactOf(SPEC));
    await reconcile();
    end(jobs()[0]?.metadata.name ?? '', 'Failed', {
      name: 'build',
      exitCode: 143,
      reason: 'DeadlineExceeded',
    });
    await reconcile();
    expect(status()?.message).toContain('the build took longer than factory.timeoutSeconds');
  });

  test('whose build ends without a report is Error', async () => {
    const { fake, reconcile, status, end, jobs } = cluster();
    fake.put(artifactOf(SPEC));
    await reconcile();
    end(jobs()[0]?.metadata.name ?? '', 'Complete', { name: 'report', exitCode: 0, message: 'not JSON' });
    await reconcile();
    expect(status()).toMatchObject({
      phase: 'Error',
      message: 'the build ended without a report of what it made',
    });
  });

  test('that cannot be built is Error, and makes nothing', async () => {
    const { fake, reconcile, status, jobs } = cluster();
    fake.put(artifactOf({ ...SPEC, artifacts: { iso: true, diskSize: '32000' } }));
    await reconcile();
    expect(status()).toMatchObject({ phase: 'Error', conditions: [{ reason: 'SpecRefused' }] });
    expect(status()?.message).toContain('spec.artifacts.diskSize is not supported');
    expect(jobs()).toEqual([]);
  });

  test('with a name of an image that is not any is Error', async () => {
    const { fake, reconcile, status } = cluster();
    fake.put(artifactOf({ image: { ref: 'a b', pullInsecureRegistry: true }, artifacts: { iso: true } }));
    await reconcile();
    expect(status()?.phase).toBe('Error');
  });

  test('does not take a claim of somebody else', async () => {
    const { fake, reconcile, status, jobs } = cluster();
    fake.put({
      ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
      metadata: { name: 'os-artifacts', namespace: 'farm', ownerReferences: [] },
    });
    fake.put(artifactOf(SPEC));
    await reconcile();
    expect(status()).toMatchObject({ phase: 'Error', conditions: [{ reason: 'NameTaken' }] });
    expect(jobs()).toEqual([]);
  });

  test('with another spec is built again, after the pods of the first build are gone', async () => {
    const { fake, reconcile, status, jobs } = cluster();
    fake.put(artifactOf(SPEC));
    await reconcile();
    const [first] = jobs();
    fake.put({
      ...{ apiVersion: 'v1', kind: 'Pod', status: { phase: 'Running' } },
      metadata: { name: 'pod', namespace: 'farm', labels: { ...first?.metadata.labels } },
    });
    fake.change('OSArtifact', 'os', { spec: { artifacts: { netboot: true } }, metadata: { generation: 2 } });
    await reconcile();
    expect(status()).toMatchObject({ phase: 'Pending', message: 'waits for the end of an older build' });
    expect(jobs()).toEqual([]);
    fake.delete('Pod', 'pod');
    await reconcile();
    expect(jobs().map(({ metadata }) => metadata.name)).not.toContain(first?.metadata.name);
    expect(status()).toMatchObject({ phase: 'Building', observedGeneration: 2 });
  });

  test('with another exporter exports again, and builds nothing', async () => {
    const { fake, reconcile, status, succeed, jobs } = cluster();
    fake.put(artifactOf(SPEC));
    await reconcile();
    succeed();
    await reconcile();
    const builds = jobs().length;
    fake.change('OSArtifact', 'os', { spec: { exporters: [EXPORTER] }, metadata: { generation: 2 } });
    await reconcile();
    expect(status()).toMatchObject({ phase: 'Exporting', artifacts: [ISO] });
    expect(jobs().map(({ metadata }) => metadata.labels?.['build.kairos.io/part'])).toEqual([
      ...Array.from({ length: builds }, () => 'build'),
      'export',
    ]);
  });

  test('stays Ready when its Job is gone', async () => {
    const { fake, reconcile, status, succeed, jobs } = cluster();
    fake.put(artifactOf(SPEC));
    await reconcile();
    succeed();
    await reconcile();
    fake.delete('Job', jobs()[0]?.metadata.name ?? '');
    await reconcile();
    expect(status()?.phase).toBe('Ready');
    expect(jobs()).toEqual([]);
  });

  test('is deleted with everything that it owns', async () => {
    const { fake, reconcile } = cluster();
    fake.put(artifactOf(SPEC));
    await reconcile();
    fake.delete('OSArtifact', 'os');
    expect(['Job', 'ConfigMap', 'PersistentVolumeClaim'].flatMap((kind) => fake.all(kind))).toEqual([]);
    await expect(reconcile()).resolves.toEqual({});
  });
});

test('builds beyond the limit wait, and begin when one has ended', async () => {
  const { fake, reconcile, status, jobs, end } = cluster({ maxBuilds: 2 });
  for (const name of ['a', 'b', 'c']) fake.put(artifactOf(SPEC, { name, uid: `uid-${name}` }));
  await Promise.all(['a', 'b', 'c'].map((name) => reconcile(name)));
  expect(jobs()).toHaveLength(2);
  expect(status('c')).toMatchObject({ phase: 'Pending', message: 'waits for 2 builds' });
  end(jobs()[0]?.metadata.name ?? '', 'Failed', { name: 'build', exitCode: 1 });
  await reconcile('c');
  expect(status('c')?.phase).toBe('Building');
});

test('a conflict is not overwritten', async () => {
  const { fake, api, reconcile, status } = cluster();
  fake.put(artifactOf(SPEC));
  const create = api.create;
  Object.assign(api, {
    create: async (object: never) => {
      fake.change('OSArtifact', 'os', { metadata: { generation: 2 } });
      return create(object);
    },
  });
  await expect(reconcile()).rejects.toThrow('has changed');
  expect(status()).toBeUndefined();
});

describe('killed at any write', () => {
  for (const when of ['before', 'after'] as const)
    test(`${when} it, the operator goes on, and builds nothing twice`, async () => {
      const writes = await writesOf();
      expect(writes).toBeGreaterThan(5);
      for (let left = 1; left <= writes; left += 1) {
        const { fake, reconcile, restart, status, jobs, succeed, end } = cluster();
        fake.put(artifactOf(exported));
        const created = () => fake.writes.filter((write) => write.startsWith('create Job'));
        const look = async () => {
          try {
            await reconcile();
          } catch (error) {
            if (!(error instanceof Killed)) throw error;
            restart();
            await reconcile();
          }
        };
        fake.killAt = { left, when };
        await look();
        succeed();
        await look();
        end(jobs().at(-1)?.metadata.name ?? '', 'Complete', { name: 'upload', exitCode: 0 });
        await look();
        expect(status()?.phase).toBe('Ready');
        expect(jobs()).toHaveLength(2);
        expect(new Set(created()).size).toBe(2);
      }
    });

  /** How many writes an OSArtifact takes from its beginning to its end. */
  async function writesOf(): Promise<number> {
    const { fake, reconcile, jobs, succeed, end } = cluster();
    fake.put(artifactOf(exported));
    await reconcile();
    succeed();
    await reconcile();
    end(jobs().at(-1)?.metadata.name ?? '', 'Complete', { name: 'upload', exitCode: 0 });
    await reconcile();
    return fake.writes.length;
  }
});

test('names change with what is built, and not with the order of keys', () => {
  const metadata = artifactOf(SPEC).metadata;
  const nameOf = (spec: unknown, annotations = {}) =>
    farmNames({ ...metadata, annotations }, SpecFields.parse(spec)).build;
  expect(nameOf({ artifacts: SPEC.artifacts, image: SPEC.image })).toBe(nameOf(SPEC));
  expect(nameOf({ ...SPEC, artifacts: { netboot: true } })).not.toBe(nameOf(SPEC));
  expect(nameOf(SPEC, { 'build.kairos.io/rebuild': '1' })).not.toBe(nameOf(SPEC));
  expect(nameOf(SPEC)).toMatch(/^os-[0-9a-f]{10}$/);
});
