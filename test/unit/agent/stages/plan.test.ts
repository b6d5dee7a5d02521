import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planMoment } from '../../../../src/agent/stages/plan.ts';
import type { StageStep } from '../../../../src/common/cloud-config/step-schema.ts';

const plan = (files: Readonly<Record<string, readonly StageStep[]>>, name?: string) =>
  planMoment('boot', [
    {
      name: '/oem',
      files: Object.entries(files).map(([path, steps]) => ({
        path,
        stages: { boot: steps },
        ...(name === undefined ? {} : { name }),
      })),
    },
  ]);
const names = (...args: Parameters<typeof plan>) => plan(...args).steps.map(({ step }) => step.name);
const after = (...references: string[]) => references.map((name) => ({ name }));

describe('planMoment', () => {
  it('keeps the order of sources, files and steps', () => {
    const { steps } = planMoment('boot', [
      { name: '/z', files: [{ path: '/z/b.yaml', stages: { boot: [{ name: '1' }, {}], fs: [{}] } }] },
      { name: '/a', files: [{ path: '/a/a.yaml', name: 'mine', stages: { boot: [{ name: '3' }] } }] },
    ]);
    expect(steps.map(({ name, source }) => `${source} ${name}`)).toEqual([
      '/z b.yaml.1',
      '/z b.yaml.1',
      '/a mine.3',
    ]);
  });

  it.each(['b.two', 'b.yaml.two', '/oem/b.yaml.two', 'two'])('puts a step after "%s"', (reference) => {
    expect(
      names({ '/oem/a.yaml': [{ name: 'one', after: after(reference) }], '/oem/b.yaml': [{ name: 'two' }] }),
    ).toEqual(['two', 'one']);
  });

  it('identifies a file by the name in it, and an unnamed step by its number', () => {
    expect(
      names(
        { '/oem/a.yaml': [{ name: 'one', after: after('mine.1') }, { hostname: 'x' }, { name: 'three' }] },
        'mine',
      ),
    ).toEqual([undefined, 'one', 'three']);
  });

  it('puts a step after all steps with a name', () => {
    expect(
      names({
        '/oem/a.yaml': [{ name: 'last', after: after('same') }, { name: 'same' }],
        '/oem/b.yaml': [{ name: 'same' }, { name: 'free' }],
      }),
    ).toEqual(['same', 'same', 'last', 'free']);
  });

  it('reports references to unknown steps, to other sources, or to the step itself', () => {
    const { steps, problems } = plan({ '/oem/a.yaml': [{ name: 'a', after: after('nobody', 'a') }] });
    expect(steps).toHaveLength(1);
    expect(problems).toEqual([
      '/oem/a.yaml: step "a.yaml.a" comes after "nobody", which is not a step of boot in /oem',
      '/oem/a.yaml: step "a.yaml.a" comes after "a", which is not a step of boot in /oem',
    ]);
  });

  it('breaks a cycle in file order, and respects everything outside of it', () => {
    const { steps, problems } = plan({
      '/oem/a.yaml': [
        { name: 'behind', after: after('x') },
        { name: 'x', after: after('y') },
        { name: 'y', after: after('x', 'free') },
        { name: 'free' },
      ],
    });
    expect(steps.map(({ step }) => step.name)).toEqual(['free', 'x', 'behind', 'y']);
    expect(problems).toEqual(['steps wait for each other, so they run in file order: a.yaml.x, a.yaml.y']);
  });

  it('respects every reference and loses no step, for any graph without cycles', () => {
    const graph = fc.integer({ min: 1, max: 12 }).chain((size) =>
      fc.record({
        order: fc.shuffledSubarray([...Array(size).keys()], { minLength: size, maxLength: size }),
        edges: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 30 }),
      }),
    );
    fc.assert(
      fc.property(graph, ({ order, edges }) => {
        // A step refers only to earlier ones in some hidden order, so that there are no cycles.
        const rank = (step: number) => order.indexOf(step);
        const steps = order
          .toSorted((a, b) => a - b)
          .map((step) => ({
            name: `s${step}`,
            after: edges.flatMap(([a, b]) => (a === step && rank(b) < rank(a) ? [{ name: `s${b}` }] : [])),
          }));
        const planned = plan({ '/oem/a.yaml': steps });
        const done = planned.steps.map(({ step }) => step.name);
        expect(planned.problems).toEqual([]);
        expect(done.toSorted()).toEqual(steps.map(({ name }) => name).toSorted());
        for (const { name, after } of steps) {
          for (const before of after) expect(done.indexOf(before.name)).toBeLessThan(done.indexOf(name));
        }
      }),
    );
  });

  it('loses no step of any graph', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(9), { maxLength: 4 }), { maxLength: 10 }), (references) => {
        const steps = references.map((to, index) => ({
          name: `s${index}`,
          after: to.map((n) => ({ name: `s${n}` })),
        }));
        const done = names({ '/oem/a.yaml': steps });
        expect(done.toSorted()).toEqual(steps.map(({ name }) => name).toSorted());
      }),
    );
  });
});
