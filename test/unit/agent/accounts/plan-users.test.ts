import { describe, expect, test } from 'vitest';
import { accountRequest } from '../../../../src/agent/accounts/account-request.ts';
import { findRow, rowsOf } from '../../../../src/agent/accounts/account-table.ts';
import type { Tables } from '../../../../src/agent/accounts/group-plan.ts';
import { type PlanContext, planUsers } from '../../../../src/agent/accounts/plan-users.ts';
import type { User } from '../../../../src/common/cloud-config/step-schema.ts';

const IMAGE: Tables = {
  passwd: 'root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n',
  shadow: 'root:*:20000:0:99999:7:::\ndaemon:*:20000:0:99999:7:::\n',
  group: 'root:x:0:\ndaemon:x:1:\nusers:x:100:\n',
  gshadow: 'root:*::\ndaemon:*::\nusers:*::\n',
};
const CONTEXT: PlanContext = {
  record: { uids: new Map(), gids: new Map() },
  homeOwners: new Map(),
  defaultShell: '/bin/bash',
  salt: () => 'salt',
};

function plan(users: Record<string, User>, context: Partial<PlanContext> = {}, tables = IMAGE) {
  const requests = Object.entries(users).map(([name, user]) => accountRequest(name, user));
  return planUsers(tables, requests, { ...CONTEXT, ...context });
}

function uidsOf({ tables }: { tables: Tables }): Record<string, number> {
  return Object.fromEntries(
    rowsOf(tables.passwd)
      .slice(2)
      .map(([name, , uid]) => [name, Number(uid)]),
  );
}

describe('a new account', () => {
  test('has rows in all tables, and its own group', () => {
    const { tables, problems, record } = plan({ kairos: { groups: ['admin'], gecos: 'Kairos' } });
    expect(problems).toEqual([]);
    expect(tables.passwd).toBe(`${IMAGE.passwd}kairos:x:1000:1000:Kairos:/home/kairos:/bin/bash\n`);
    expect(tables.shadow).toBe(`${IMAGE.shadow}kairos:*:::::::\n`);
    expect(tables.group).toBe(`${IMAGE.group}kairos:x:1000:\nadmin:x:900:kairos\n`);
    expect(tables.gshadow).toBe(`${IMAGE.gshadow}kairos:!::\nadmin:!::kairos\n`);
    expect(record.uids).toEqual(new Map([['kairos', 1000]]));
  });

  test('works without gshadow, and creates shadow', () => {
    const { tables } = plan({ a: {} }, {}, { ...IMAGE, gshadow: undefined, shadow: undefined });
    expect(tables.gshadow).toBeUndefined();
    expect(tables.shadow).toBe('a:*:::::::\n');
  });

  test('of a service gets an id from 999 down', () => {
    expect(uidsOf(plan({ a: { system: true }, b: { system: true } }))).toEqual({ a: 999, b: 998 });
  });

  test('has a primary group given by name, by number, or the common one', () => {
    const { tables } = plan({
      a: { primary_group: 'staff' },
      b: { primary_group: '100' },
      c: { no_user_group: true },
    });
    expect(rowsOf(tables.passwd).map(([, , , gid]) => gid)).toEqual(['0', '1', '999', '100', '100']);
    expect(rowsOf(tables.group).map(([name]) => name)).toEqual(['root', 'daemon', 'users', 'staff']);
  });

  test('joins an existing group of its name', () => {
    const { tables } = plan({ bob: {} }, {}, { ...IMAGE, group: `${IMAGE.group}bob:x:77:\n` });
    expect(findRow(tables.passwd, 'bob')?.slice(2, 4)).toEqual(['1000', '77']);
  });
});

describe('ids', () => {
  test('do not depend on the order in the configuration', () => {
    expect(uidsOf(plan({ b: {}, a: {} }))).toEqual({ a: 1000, b: 1001 });
  });

  test('come from the configuration, the home, the record, in this order', () => {
    const context = {
      homeOwners: new Map([
        ['a', 1100],
        ['b', 1200],
      ]),
      record: {
        uids: new Map([
          ['a', 1101],
          ['b', 1201],
          ['c', 1300],
        ]),
        gids: new Map(),
      },
    };
    expect(uidsOf(plan({ a: { uid: 1001 }, b: {}, c: {}, d: {} }, context))).toEqual({
      a: 1001,
      b: 1200,
      c: 1300,
      d: 1000,
    });
  });

  test('stay the same when accounts are added, by the record alone', () => {
    const first = plan({ m: {}, z: {} });
    const second = plan({ a: {}, m: {}, z: {} }, { record: first.record });
    expect(uidsOf(second)).toEqual({ m: 1000, z: 1001, a: 1002 });
  });

  test('of homes without an account are reserved', () => {
    expect(uidsOf(plan({ a: {} }, { homeOwners: new Map([['gone', 1000]]) }))).toEqual({ a: 1001 });
  });

  test('are never 0 because root owns the home', () => {
    expect(uidsOf(plan({ a: {} }, { homeOwners: new Map([['a', 0]]) }))).toEqual({ a: 1000 });
  });

  test('that are requested but taken exclude only that account', () => {
    const { problems, ...rest } = plan({ evil: { uid: 0 }, a: { uid: 1500 }, b: { uid: 1500 }, c: {} });
    expect(problems).toEqual([
      'b cannot have the uid 1500: it belongs to a',
      'evil cannot have the uid 0: it belongs to root',
    ]);
    expect(uidsOf(rest)).toEqual({ a: 1500, c: 1000 });
  });

  test('change when the configuration says so, and free the old id', () => {
    const passwd = `${IMAGE.passwd}a:x:1000:1000::/home/a:/bin/sh\nb:x:1001:1001::/home/b:/bin/sh\n`;
    const { problems, ...rest } = plan({ a: { uid: 1001 }, b: { uid: 1002 } }, {}, { ...IMAGE, passwd });
    expect(problems).toEqual([]);
    expect(uidsOf(rest)).toEqual({ a: 1001, b: 1002 });
  });

  test('of groups also stay the same by the record', () => {
    const first = plan({ a: { groups: ['docker', 'wheel'] } });
    const second = plan({ a: { groups: ['alpha', 'docker', 'wheel'] } }, { record: first.record });
    expect(findRow(second.tables.group, 'docker')).toEqual(['docker', 'x', '999', 'a']);
    expect(findRow(second.tables.group, 'wheel')).toEqual(['wheel', 'x', '998', 'a']);
    expect(findRow(second.tables.group, 'alpha')).toEqual(['alpha', 'x', '997', 'a']);
  });

  test('of the group admin are 900 unless that is taken', () => {
    const tables = { ...IMAGE, group: `${IMAGE.group}other:x:900:\n` };
    expect(findRow(plan({ a: { groups: ['admin'] } }, {}, tables).tables.group, 'admin')?.[2]).toBe('999');
  });
});

describe('an existing account', () => {
  const there: Tables = {
    ...IMAGE,
    passwd: `${IMAGE.passwd}bob:x:1007:50:Bob:/srv/bob:/bin/zsh\n`,
    shadow: `${IMAGE.shadow}bob:$6$s$h:20000:0:99999:7:::\n`,
    group: `${IMAGE.group}admin:x:900:ann\n`,
  };

  test('keeps fields that the entry does not mention', () => {
    expect(plan({ bob: {} }, {}, there).tables).toEqual(there);
  });

  test('changes the fields that the entry gives', () => {
    const { tables } = plan({ bob: { shell: '/bin/sh', passwd: '$6$t$i', groups: ['admin'] } }, {}, there);
    expect(findRow(tables.passwd, 'bob')?.join(':')).toBe('bob:x:1007:50:Bob:/srv/bob:/bin/sh');
    expect(findRow(tables.shadow ?? '', 'bob')?.join(':')).toBe('bob:$6$t$i::0:99999:7:::');
    expect(findRow(tables.group, 'admin')?.join(':')).toBe('admin:x:900:ann,bob');
  });

  test('is locked', () => {
    const { tables } = plan({ bob: { lock_passwd: true } }, {}, there);
    expect(findRow(tables.shadow ?? '', 'bob')?.[1]).toBe('!$6$s$h');
  });

  test('that is locked in passwd is not unlocked by shadow', () => {
    const passwd = there.passwd.replace('bob:x:', 'bob:*:');
    const { tables } = plan({ bob: {} }, {}, { ...there, passwd });
    expect(findRow(tables.shadow ?? '', 'bob')?.[1]).toBe('*');
  });
});
