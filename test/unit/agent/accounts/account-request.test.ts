import { expect, test } from 'vitest';
import { accountRequest } from '../../../../src/agent/accounts/account-request.ts';
import type { User } from '../../../../src/common/cloud-config/step-schema.ts';

test('an empty entry requests an account with defaults only', () => {
  expect(accountRequest('bob', {})).toEqual({ name: 'bob', locked: false, groups: [], system: false });
  const blank = { passwd: '', uid: '', homedir: '', shell: '', primary_group: '' };
  expect(accountRequest('bob', blank)).toEqual(accountRequest('bob', {}));
});

test('every key takes effect, in both spellings', () => {
  const user: User = {
    passwd: 'x',
    lockPasswd: true,
    groups: 'wheel, admin,,admin',
    uid: '1500',
    gecos: 'Bob',
    homedir: '/srv/bob',
    shell: '/bin/zsh',
    primary_group: 'staff',
    system: true,
  };
  expect(accountRequest('bob', user)).toEqual({
    name: 'bob',
    password: 'x',
    locked: true,
    groups: ['admin', 'wheel'],
    uid: 1500,
    gecos: 'Bob',
    home: '/srv/bob',
    shell: '/bin/zsh',
    primaryGroup: 'staff',
    system: true,
  });
  expect(accountRequest('bob', { no_user_group: true }).primaryGroup).toBe('users');
});

test.each<[string, User]>([
  ['a:b', {}],
  ['', {}],
  ['1000', {}],
  ['../x', {}],
  ['bob', { groups: ['a\nroot::0:'] }],
  ['bob', { primary_group: 'a b' }],
  ['bob', { uid: 'abc' }],
  ['bob', { uid: 2 ** 32 - 1 }],
  ['bob', { gecos: 'x:y' }],
  ['bob', { shell: '/bin/sh\nroot2::0:0::/:' }],
  ['bob', { homedir: 'home' }],
])('%j with %j is refused', (name, user) => {
  expect(() => accountRequest(name, user)).toThrow(/cannot be created/);
});
