import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromDotted, mergeConfigs } from '../../../../src/common/cloud-config/merge.ts';
import { failureOf } from '../../support/failure.ts';

describe('mergeConfigs', () => {
  test.each([
    ['maps merge deeply', { a: { x: 1, y: 1 } }, { a: { y: 2, z: 3 } }, { a: { x: 1, y: 2, z: 3 } }],
    ['lists of maps are concatenated', { a: [{ x: 1 }] }, { a: [{ x: 1 }] }, { a: [{ x: 1 }, { x: 1 }] }],
    ['lists of scalars are united', { a: [1, 2] }, { a: [2, 3] }, { a: [1, 2, 3] }],
    [
      'mixed lists are concatenated',
      { a: ['default'] },
      { a: ['default', { x: 1 }] },
      { a: ['default', 'default', { x: 1 }] },
    ],
    ['scalars are replaced', { a: 1 }, { a: 'two' }, { a: 'two' }],
    ['another kind replaces', { a: [1] }, { a: { x: 1 } }, { a: { x: 1 } }],
    ['null resets', { a: { x: 1 }, b: [1] }, { a: null, b: null }, { a: null, b: null }],
    ['what was reset can be set again', { a: null }, { a: [1] }, { a: [1] }],
    [
      'steps of a stage add up',
      { stages: { boot: [{ name: 'a' }] } },
      { stages: { boot: [{ name: 'b' }] } },
      { stages: { boot: [{ name: 'a' }, { name: 'b' }] } },
    ],
  ])('%s', (_, base, over, merged) => {
    expect(mergeConfigs(base, over)).toEqual(merged);
  });

  const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean());
  const key = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', 'toString');
  const pairs = <T>(value: fc.Arbitrary<T>) =>
    fc
      .array(fc.tuple(key, value), { maxLength: 4 })
      .map((entries) => Object.fromEntries(entries) as Record<string, unknown>);
  const { config } = fc.letrec<{ config: Record<string, unknown>; value: unknown }>((tie) => ({
    config: pairs(tie('value')),
    value: fc.oneof(
      { depthSize: 'small' },
      scalar,
      fc.constant(null),
      fc.array(scalar),
      fc.array(tie('config')),
      tie('config'),
    ),
  }));
  /** Each key always has the same type of value and none is reset, so that merging is associative. */
  const uniform = fc.record(
    {
      scalar,
      words: fc.uniqueArray(scalar),
      maps: fc.array(fc.record({ x: scalar })),
      map: fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), scalar),
    },
    { requiredKeys: [] },
  );

  test('merging with an empty configuration changes nothing', () => {
    fc.assert(
      fc.property(config, (data) => {
        expect(mergeConfigs(data, {})).toEqual(data);
        expect(mergeConfigs({}, data)).toEqual(data);
      }),
    );
  });

  test('is associative for configurations of the same shape', () => {
    fc.assert(
      fc.property(uniform, uniform, uniform, (a, b, c) => {
        expect(mergeConfigs(mergeConfigs(a, b), c)).toEqual(mergeConfigs(a, mergeConfigs(b, c)));
      }),
    );
  });

  test('changes neither its inputs nor Object.prototype', () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    fc.assert(
      fc.property(config, config, (a, b) => {
        const copies = structuredClone([a, b]);
        const merged = mergeConfigs(a, b);
        expect([a, b]).toEqual(copies);
        expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
        expect(Object.keys(merged).sort()).toEqual(
          [...new Set([...Object.keys(a), ...Object.keys(b)])].sort(),
        );
      }),
    );
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
  });

  test('merges keys named __proto__ like any other', () => {
    const [base, over] = ['{"__proto__":{"x":1}}', '{"__proto__":{"y":2}}'].map(
      (text) => JSON.parse(text) as Record<string, unknown>,
    );
    expect(JSON.stringify(mergeConfigs(base ?? {}, over ?? {}))).toBe('{"__proto__":{"x":1,"y":2}}');
    expect('y' in {}).toBe(false);
  });
});

describe('fromDotted', () => {
  test.each([
    [['a.b=c', 'x.0.y=1'], { a: { b: 'c' }, x: [{ y: 1 }] }],
    [['install.auto=true', 'install.device=/dev/sda'], { install: { auto: true, device: '/dev/sda' } }],
    [['users.0.name=kairos', 'users.0.groups.0=admin'], { users: [{ name: 'kairos', groups: ['admin'] }] }],
    [['a.2=z', 'a.0=x'], { a: ['x', 'z'] }],
    [['a.0=x', 'a.b=y'], { a: { 0: 'x', b: 'y' } }],
    [['a.01=x'], { a: { '01': 'x' } }],
    [['debug'], { debug: true }],
    [['a='], { a: '' }],
    [['a=null'], { a: null }],
    [['a=b=c'], { a: 'b=c' }],
    [['a=0644'], { a: 420 }],
    [['a="0644"'], { a: '0644' }],
    [['a=[1, 2]'], { a: '[1, 2]' }],
    [['a=*x'], { a: '*x' }],
    [['a={{ .Random }}'], { a: '{{ .Random }}' }],
    [['a=1', 'a=2'], { a: 2 }],
    [['0=x'], { 0: 'x' }],
    [[], {}],
  ])('%j', (assignments, data) => {
    expect(fromDotted(assignments)).toEqual(data);
  });

  test.each([['=x'], ['a..b=1'], ['.a=1'], ['a.256=x'], ['a.99999999999=x']])(
    'refuses %s',
    async (assignment) => {
      expect(await failureOf(() => fromDotted([assignment]))).toMatchObject({ kind: 'usage' });
    },
  );

  test.each([[['a=1', 'a.b=2']], [['a.b=2', 'a=1']]])(
    'refuses a value with keys below it: %j',
    async (assignments) => {
      expect((await failureOf(() => fromDotted(assignments))).message).toContain(
        '"a" has a value and keys below it',
      );
    },
  );

  test('does not change Object.prototype', () => {
    const data = fromDotted(['__proto__.polluted=1', 'a.constructor.prototype.polluted=1']);
    expect(Object.hasOwn(data, '__proto__')).toBe(true);
    expect('polluted' in {}).toBe(false);
  });

  test('returns a map for any words', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (assignments) => {
        try {
          expect(fromDotted(assignments)).toBeTypeOf('object');
        } catch (error) {
          expect(error).toMatchObject({ kind: 'usage' });
        }
      }),
    );
  });
});
