import { expect, test } from 'vitest';
import { releasePorts, releaseSigner } from '../../../../src/factory/cli/release-ports.ts';
import { Sign } from '../../../../src/factory/config/signing.ts';
import type { PublishedGroup } from '../../../../src/factory/deliver/publish/publish-build.ts';
import type { NamedBuild } from '../../../../src/factory/pipeline/target.ts';

const build = (name: string, key?: string) =>
  ({ name, spec: key === undefined ? {} : { sign: Sign.parse(key) } }) as unknown as NamedBuild;
const group = (more: object): PublishedGroup => ({
  ...{ reference: 'a.example/os', digest: 'sha256:top', tags: ['v1'], artifacts: [], targets: ['one'] },
  ...more,
});

test('a release lists the pushed image of each target, also from an index', async () => {
  const images = [
    { platform: 'linux/amd64', digest: 'sha256:amd' },
    { platform: 'linux/arm64', digest: 'sha256:arm' },
  ];
  const ports = releasePorts(undefined, [group({}), group({ targets: ['amd', 'arm'], images })]);
  const place = (name: string) => ports.pushImage?.(build(name), undefined as never, undefined as never);
  expect(await place('one')).toEqual({ reference: 'a.example/os', digest: 'sha256:top', tags: ['v1'] });
  expect(await place('arm')).toMatchObject({ digest: 'sha256:arm' });
  expect(await place('not pushed')).toBeUndefined();
  expect(ports.sign).toBeUndefined();
});

test('a release has one signer', () => {
  expect(releaseSigner([build('one', 'a.key'), build('two', 'a.key')])).toMatchObject({ key: 'a.key' });
  expect(releaseSigner([build('one'), build('two')])).toBeUndefined();
  expect(() => releaseSigner([build('one', 'a.key'), build('two')])).toThrow('must have the same signer');
});
