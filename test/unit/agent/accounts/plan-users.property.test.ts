import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AccountRequest, accountRequest } from '../../../../src/agent/accounts/account-request.ts';
import { findRow, rowsOf } from '../../../../src/agent/accounts/account-table.ts';
import type { Tables } from '../../../../src/agent/accounts/group-plan.ts';
import { type PlanContext, planUsers } from '../../../../src/agent/accounts/plan-users.ts';

const NAMES = ['ann', 'bob', 'cyd', 'dan', 'eve', 'fay'];
const name = fc.constantFrom(...NAMES);
const group = fc.constantFrom('admin', 'docker', 'wheel', 'users', ...NAMES);
// Few numbers, so that ids collide.
const id = fc.oneof(fc.integer({ min: 998, max: 1006 }), fc.integer({ min: 0, max: 70_000 }));
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const request: fc.Arbitrary<AccountRequest> = fc
  .record({
    name,
    uid: maybe(id),
    passwd: maybe(fc.constantFrom('secret', '$6$s$hash', '*')),
    lock_passwd: fc.boolean(),
    groups: fc.array(group, { maxLength: 3 }),
    primary_group: maybe(group),
    no_user_group: fc.boolean(),
    system: fc.boolean(),
    gecos: maybe(fc.constantFrom('', 'A Name')),
    homedir: maybe(fc.constant('/srv/home')),
    shell: maybe(fc.constant('/bin/sh')),
  })
  .map(({ name: of, ...user }) => accountRequest(of, user));
const requests = fc.uniqueArray(request, { selector: (one) => one.name, maxLength: 6 });

/** Tables with accounts and groups of unique names and numbers, and with lines that are not rows. */
const tables: fc.Arbitrary<Tables> = fc
  .record({
    accounts: fc.uniqueArray(fc.record({ name, uid: id, gid: id }), { selector: ({ uid }) => uid }),
    groups: fc.uniqueArray(fc.record({ group, gid: id }), { selector: ({ gid }) => gid }),
    noise: fc.array(fc.constantFrom('# comment', '', '+::::::', 'grüße')),
    gshadow: fc.boolean(),
    shadow: fc.boolean(),
  })
  .map(({ accounts, groups, noise, gshadow, shadow }) => {
    const people = accounts.filter(
      ({ name: of }, at) => accounts.findIndex((other) => other.name === of) === at,
    );
    const units = groups.filter(
      ({ group: of }, at) => groups.findIndex((other) => other.group === of) === at,
    );
    const text = (rows: readonly string[]) => [...noise, ...rows].map((line) => `${line}\n`).join('');
    return {
      passwd: text(people.map(({ name: of, uid, gid }) => `${of}:x:${uid}:${gid}::/home/${of}:/bin/sh`)),
      shadow: shadow ? text(people.map(({ name: of }) => `${of}:!:20000:0:99999:7:::`)) : undefined,
      group: text(units.map(({ group: of, gid }) => `${of}:x:${gid}:`)),
      gshadow: gshadow ? text(units.map(({ group: of }) => `${of}:!::`)) : undefined,
    };
  });

const ids = fc.dictionary(name, id).map((entries) => new Map(Object.entries(entries)));
const context: fc.Arbitrary<PlanContext> = fc
  .record({ uids: ids, gids: ids, homeOwners: ids })
  .map(({ uids, gids, homeOwners }) => ({
    record: { uids, gids },
    homeOwners,
    defaultShell: '/bin/bash',
    salt: (() => {
      let count = 0;
      // With a constant salt, hashing a password again would go unnoticed.
      return () => `rounds=1000$salt${count++}`;
    })(),
  }));

const RUNS = { numRuns: 200 };

test('property: planning is idempotent', () => {
  fc.assert(
    fc.property(tables, requests, context, (before, wanted, given) => {
      const once = planUsers(before, wanted, given);
      const twice = planUsers(once.tables, wanted, { ...given, record: once.record });
      expect(twice).toEqual(once);
    }),
    RUNS,
  );
});

test('property: uids and gids are unique', () => {
  fc.assert(
    fc.property(tables, requests, context, (before, wanted, given) => {
      const { tables: after, problems } = planUsers(before, wanted, given);
      for (const table of [after.passwd, after.group]) {
        const numbers = rowsOf(table).map(([, , number]) => number);
        expect(new Set(numbers).size).toBe(numbers.length);
      }
      const failed = wanted.filter(({ name: of }) => problems.some((problem) => problem.startsWith(of)));
      for (const { name: of, uid } of wanted.filter((one) => !failed.includes(one))) {
        const row = findRow(after.passwd, of);
        expect(row).toHaveLength(7);
        if (uid !== undefined) expect(row?.[2]).toBe(String(uid));
      }
    }),
    RUNS,
  );
});

test('property: lines of other accounts are kept byte for byte, and in order', () => {
  fc.assert(
    fc.property(tables, requests, context, (before, wanted, given) => {
      const { tables: after } = planUsers(before, wanted, given);
      const touched = new Set(wanted.flatMap((one) => [one.name, ...one.groups]));
      const others = (table: string | undefined) =>
        (table ?? '').split('\n').filter((line) => line === '' || !touched.has(line.split(':')[0] ?? ''));
      const added = (table: string | undefined) => new Set(others(table));
      for (const key of ['passwd', 'shadow'] as const)
        expect(others(after[key])).toEqual(others(before[key] ?? ''));
      for (const key of ['group', 'gshadow'] as const) {
        const kept = others(before[key]);
        expect(others(after[key]).filter((line) => added(before[key]).has(line))).toEqual(kept);
      }
    }),
    RUNS,
  );
});

test('property: accounts keep their uids across boots when accounts are added', () => {
  fc.assert(
    fc.property(tables, requests, requests, context, (image, first, more, any) => {
      // A new machine: arbitrary homes and records could contradict each other.
      const given = { ...any, homeOwners: new Map(), record: { uids: new Map(), gids: new Map() } };
      const boot = planUsers(image, first, given);
      // Requests for a uid that is taken already are tested elsewhere.
      const added = more.filter(
        ({ uid, name: of }) => uid === undefined && !first.some((one) => one.name === of),
      );
      const joined = [...first, ...added];
      const next = planUsers(image, joined, { ...given, record: boot.record });
      for (const { name: of } of first) {
        expect(findRow(next.tables.passwd, of)?.[2]).toBe(findRow(boot.tables.passwd, of)?.[2]);
      }
    }),
    RUNS,
  );
});
