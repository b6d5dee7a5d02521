import { expect, test } from 'vitest';
import { planPushes, renderPushPlan } from '../../../../src/factory/cli/render-push.ts';
import { Push } from '../../../../src/factory/config/push.ts';
import { Sign } from '../../../../src/factory/config/signing.ts';
import { groupPushes, type PublishedBuild } from '../../../../src/factory/deliver/publish/publish-build.ts';

const build = (arch: string, to: string, key?: string, name?: string): PublishedBuild => ({
  name,
  spec: {
    ...{ push: Push.parse(to), artifacts: ['oci'] as const, registries: [], output: '/out', arch },
    ...(key === undefined ? {} : { sign: Sign.parse(key) }),
  },
});

test('a plan shows destination, tags and signer', () => {
  const single = groupPushes([build('amd64', 'a.example/os')]);
  expect(renderPushPlan(single)).toBe('Then pushes to a.example/os by its own name\n');
  expect(planPushes(single)).toEqual([{ reference: 'a.example/os', tags: [], targets: [] }]);

  const index = ['amd64', 'arm64'].map((arch) => build(arch, 'a.example/os:v1', 'env://KEY', arch));
  expect(renderPushPlan(groupPushes(index))).toBe(
    'Then pushes amd64, arm64 to a.example/os:v1, signed by env://KEY\n',
  );
  expect(planPushes(groupPushes(index))).toMatchObject([
    { targets: ['amd64', 'arm64'], signer: 'env://KEY' },
  ]);

  expect(renderPushPlan(groupPushes([]))).toBe('');
});
