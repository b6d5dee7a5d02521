import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadBuildSpec } from '../../../../src/factory/config/build-spec.ts';
import { addressProblem, cacheProblem, parseBuilder } from '../../../../src/factory/config/buildkit.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

describe('the address of a daemon', () => {
  test.each([
    'unix:///run/buildkit/buildkitd.sock',
    'tcp://127.0.0.1:1234',
    'tcp://builder.example.com:65535',
    'tcp://[::1]:1234',
    'docker-container://buildx_buildkit_default0',
    'docker-container://builder?context=remote',
    'kube-pod://buildkitd-0',
    'kube-pod://buildkitd-0?namespace=ci&container=buildkitd',
  ])('%s', (address) => {
    expect(addressProblem(address)).toBeUndefined();
  });

  test.each([
    '',
    'buildkit:1234',
    'http://host:1',
    'tcp://host',
    'tcp://host:0',
    'tcp://host:65536',
    'tcp://-x:1',
    'tcp://user@host:1',
    'unix://run/buildkitd.sock',
    'unix:///run/buildkitd.sock?x=1',
    'docker-container://--privileged',
    'docker-container://a/b',
    'kube-pod://-n',
    'constructor://x',
  ])('"%s" is refused', (address) => {
    expect(addressProblem(address)).toMatch(/is not the address of a BuildKit daemon: write tcp:/);
  });

  test('an architecture may precede it', () => {
    expect(parseBuilder('arm64=tcp://host:1')).toEqual({ address: 'tcp://host:1', arch: 'arm64' });
    expect(parseBuilder('unix:///a=b')).toEqual({ address: 'unix:///a=b' });
    expect(parseBuilder('mips=tcp://host:1')).toBe('"mips" is not an architecture: amd64 and arm64 are');
    expect(parseBuilder('arm64=host')).toMatch(/^"host" is not the address/);
  });
});

describe('a cache in a registry', () => {
  const keys = ['ref', 'mode'];

  test.each(['type=registry,ref=example.com/cache:one', 'ref=cache,mode=max,type=registry'])('%s', (text) => {
    expect(cacheProblem(text, keys)).toBeUndefined();
  });

  test.each([
    ['example.com/cache', /does not have the form type=registry/],
    ['type=registry,ref="a"', /does not have the form/],
    ['type=local,dest=x', /is not a cache in a registry/],
    ['ref=example.com/cache', /is not a cache in a registry/],
    ['type=registry', /has no ref/],
    ['type=registry,ref=a/UPPER', /ref: .*does not name an image/],
    ['type=registry,ref=a,ref=b', /names a key twice/],
    ['type=registry,ref=a,mode=all', /mode is min or max, not all/],
    ['type=registry,ref=a,token=x', /"token" is not a key of it: ref, mode are/],
  ])('%s is refused', (text, problem) => {
    expect(cacheProblem(text, keys)).toMatch(problem);
  });
});

describe('the key buildkit', () => {
  const load = (buildkit: unknown, engine = 'buildkit', flags: Record<string, unknown> = {}) => {
    const home = plant(temporaryDirectory(), {
      'f.yaml': `flavor: debian\nengine: ${engine}\nbuildkit: ${JSON.stringify(buildkit)}\n`,
    });
    return { home, spec: () => loadBuildSpec({ file: join(home, 'f.yaml'), set: [], flags }) };
  };

  test('has daemons, and a directory relative to the file', async () => {
    const { home, spec } = load({ builders: ['arm64=tcp://a:1', 'unix:///b'], tls: 'keys' });
    expect((await spec()).buildkit).toEqual({
      builders: [{ address: 'tcp://a:1', arch: 'arm64' }, { address: 'unix:///b' }],
      tls: join(home, 'keys'),
      'cache-to': [],
      'cache-from': [],
    });
  });

  test('the flag takes precedence, and its errors name it', async () => {
    const { spec } = load({ builders: ['unix:///file'] }, 'buildkit', {
      'buildkit.builders': ['unix:///flag'],
    });
    expect((await spec()).buildkit.builders).toEqual([{ address: 'unix:///flag' }]);
    const wrong = load({}, 'buildkit', { 'buildkit.builders': ['unix:///flag', 'x'] });
    expect((await failureOf(wrong.spec, 'usage')).message).toMatch(/^--builder: .*"x" is not the address/);
    const file = load({ builders: ['x'] });
    expect((await failureOf(file.spec, 'usage')).message).toMatch(/f\.yaml:3:\d+: .*"x" is not the address/);
  });

  test('settings that nothing would use are refused, unless another engine is chosen', async () => {
    const { spec } = load({ 'cache-from': ['type=registry,ref=a'] }, 'auto');
    expect((await failureOf(spec, 'usage')).code).toBe('OPTION_CONFLICT');
    expect((await load({ builders: ['unix:///a'] }, 'buildah').spec()).engine).toBe('buildah');
  });
});
