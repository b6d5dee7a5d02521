import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type ModuleIndex,
  moduleName,
  parseModuleIndex,
} from '../../../../src/agent/initramfs/module-index.ts';
import { loadOrder, selectModules } from '../../../../src/agent/initramfs/select-modules.ts';

const pathOf = (number: number) => `kernel/drivers/d${number % 3}/m-${number}.ko`;

/** Modules that need only modules with a smaller number, as depmod lists them: with all that those need. */
const indexes = fc
  .array(
    fc.record({ hard: fc.array(fc.nat(30), { maxLength: 3 }), soft: fc.array(fc.nat(30), { maxLength: 2 }) }),
    { minLength: 1, maxLength: 30 },
  )
  .map((modules): ModuleIndex => {
    const closures: number[][] = [];
    const lines = modules.map(({ hard }, number) => {
      const own = hard.filter((each) => each < number);
      const all = [...new Set(own.flatMap((each) => [each, ...(closures[each] ?? [])]))].sort(
        (a, b) => b - a,
      );
      closures.push(all);
      return `${pathOf(number)}: ${all.map(pathOf).join(' ')}`;
    });
    const soft = modules.flatMap(({ soft: pre }, number) => {
      const own = pre.filter((each) => each < number).map((each) => `m_${each}`);
      return own.length === 0 ? [] : [`softdep m-${number} pre: ${own.join(' ')}`];
    });
    return parseModuleIndex({ dep: lines.join('\n'), softdep: soft.join('\n'), builtin: '', alias: '' });
  });

const sets = fc.record({
  modules: fc.array(
    fc.nat(30).map((number) => `m_${number}`),
    { maxLength: 4 },
  ),
  directories: fc.subarray(['drivers/d0', 'drivers/d1']),
});
const leftOut = fc.array(
  fc.nat(30).map((number) => `m-${number}`),
  { maxLength: 2 },
);

test('all that a selected module needs is selected, and is loaded before it', () => {
  fc.assert(
    fc.property(indexes, sets, leftOut, (index, set, names) => {
      const selected = selectModules(index, { sets: [set], leftOut: names });
      const present = new Set(selected);
      for (const path of selected) {
        const pre = (index.soft.get(moduleName(path))?.pre ?? []).flatMap(
          (name) => index.paths.get(name) ?? [],
        );
        const wanted = [...(index.needs.get(path) ?? []), ...pre];
        expect(wanted.filter((each) => !present.has(each))).toEqual([]);
        const order = loadOrder(index, path, present);
        // modprobe loads the last one first, and each only once.
        const loaded = new Set<string>();
        for (const each of order.toReversed()) {
          expect((index.needs.get(each) ?? []).filter((need) => !loaded.has(need))).toEqual([]);
          loaded.add(each);
        }
        expect(wanted.filter((each) => !loaded.has(each))).toEqual([]);
        expect(order).toHaveLength(loaded.size);
      }
    }),
  );
});
