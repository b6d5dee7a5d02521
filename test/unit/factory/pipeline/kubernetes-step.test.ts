import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { KubernetesSpec } from '../../../../src/factory/config/kubernetes.ts';
import type { BuildEnvironment } from '../../../../src/factory/pipeline/build-environment.ts';
import type { StepContext, StepResult } from '../../../../src/factory/pipeline/step.ts';
import {
  KUBERNETES_STEP,
  kubernetesFiles,
  kubernetesStep,
} from '../../../../src/factory/pipeline/steps/kubernetes-step.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

// The tests do not fetch real programs: a script replaces them, and a function replaces their server.
const PROGRAM = '#!/bin/sh\necho k3s version v1.34.1+k3s1\n';
const IMAGES = 'images';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const LIST = `${sha256(PROGRAM)}  k3s\n${sha256(IMAGES)}  k3s-airgap-images-amd64.tar.zst\n`;
const SPEC: KubernetesSpec = { distribution: 'k3s', version: 'v1.34.1+k3s1', airgap: false, images: [] };

function environment(served: Readonly<Record<string, string>> = {}) {
  const home = temporaryDirectory();
  const asked: string[] = [];
  const env = {
    digests: join(home, 'digests'),
    downloads: join(home, 'downloads'),
    owner: { identity: '2-2', isAlive: async () => false },
    fetch: async (url: string) => {
      const name = url.slice(url.lastIndexOf('/') + 1);
      asked.push(name);
      const text = served[name];
      return text === undefined ? new Response('', { status: 404 }) : new Response(text);
    },
  };
  return { home, env, asked };
}

async function run(
  env: Pick<BuildEnvironment, 'digests' | 'downloads' | 'owner' | 'fetch'>,
  spec: KubernetesSpec,
) {
  const notices: string[] = [];
  const context = {
    say: () => undefined,
    notice: (text: string) => notices.push(text),
  } as unknown as StepContext;
  const step = kubernetesStep(env, spec, { arch: 'amd64', signal: new AbortController().signal });
  await step.inputs(new Map());
  const result = (await step.run(context, new Map())) as StepResult;
  return { files: kubernetesFiles(new Map([[KUBERNETES_STEP.id, result]])), digest: result.digest, notices };
}

describe('kubernetesStep', () => {
  test('verifies downloads against the list of the release and reports what to pin', async () => {
    const served = { k3s: PROGRAM, 'k3s-airgap-images-amd64.tar.zst': IMAGES, 'sha256sum-amd64.txt': LIST };
    const { env } = environment(served);
    const { files, notices } = await run(env, { ...SPEC, airgap: true });
    expect(files.map(({ role, name, path }) => [role, name, readFileSync(path, 'utf8')])).toEqual([
      ['program', 'k3s', PROGRAM],
      ['images', 'k3s-airgap-images-amd64.tar.zst', IMAGES],
    ]);
    expect(notices[0]).toMatch(`k3s has sha256 ${sha256(PROGRAM)}`);
  });

  test('fetches only the program if its checksum is configured', async () => {
    const { env, asked } = environment({ k3s: PROGRAM });
    const { notices } = await run(env, { ...SPEC, sha256: sha256(PROGRAM) });
    expect([asked, notices]).toEqual([['k3s'], []]);
  });

  test('has the same digest for the same content from a file', async () => {
    const { home, env } = environment({ k3s: PROGRAM, 'sha256sum-amd64.txt': LIST });
    const fetched = await run(env, SPEC);
    plant(home, { k3s: PROGRAM });
    const taken = await run(env, { ...SPEC, binary: join(home, 'k3s') });
    expect(taken.digest).toBe(fetched.digest);
  });

  test.each([
    [
      'content that does not match the list',
      { k3s: 'other', 'sha256sum-amd64.txt': LIST },
      {},
      'verification',
      /does not match its checksum/,
    ],
    [
      'a list without the file',
      { k3s: PROGRAM, 'sha256sum-amd64.txt': '' },
      {},
      'verification',
      /has no checksum for k3s/,
    ],
    ['a release without a list', { k3s: PROGRAM }, {}, 'step', /HTTP 404/],
    [
      'a wrong checksum in the configuration',
      { k3s: PROGRAM },
      { sha256: sha256('x') },
      'verification',
      /does not match its checksum/,
    ],
  ] as const)('refuses %s', async (_, served, more, kind, message) => {
    const { env } = environment(served);
    expect((await failureOf(() => run(env, { ...SPEC, ...more }), kind)).message).toMatch(message);
  });

  test('refuses files that are missing, changed or for another architecture', async () => {
    const { home, env } = environment();
    const binary = join(home, 'k3s');
    expect((await failureOf(() => run(env, { ...SPEC, binary }), 'usage')).message).toBe(
      `${binary} does not exist`,
    );
    plant(home, { k3s: PROGRAM });
    await failureOf(() => run(env, { ...SPEC, binary, sha256: sha256('x') }), 'verification');
    const arm64 = Buffer.from(readFileSync(process.execPath).subarray(0, 64));
    arm64.writeUInt16LE(183, 18);
    plant(home, { arm: arm64 });
    const failure = await failureOf(() => run(env, { ...SPEC, binary: join(home, 'arm') }), 'verification');
    expect(failure.message).toMatch(/arm is a program for arm64, but the image is for amd64/);
  });
});
