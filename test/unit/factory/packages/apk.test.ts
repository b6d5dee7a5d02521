import { expect, test } from 'vitest';
import { readPackages } from '../../../../src/factory/packages/read-packages.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const DATABASE = `C:Q1fm7DDN6ZmFt6sGVaDl3aLDpYhPs=
P:musl
V:1.2.5-r9
A:x86_64
S:411018
I:667648
T:the musl c library (libc) implementation
U:https://musl.libc.org/
L:MIT
o:musl
m:Timo Teräs <timo.teras@iki.fi>
t:1734105270
c:8b6f5c0ae0c4f5cf7b0de5c95aa1a2c1f3e8ff1e
p:so:libc.musl-x86_64.so.1=1
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q1

P:busybox-binsh
V:1.37.0-r12
A:x86_64
L:GPL-2.0-only
o:busybox
F:bin
R:sh
`;
const EXPECTED = [
  {
    ...{ type: 'apk', name: 'busybox-binsh', version: '1.37.0-r12', arch: 'x86_64' },
    source: { name: 'busybox', version: '1.37.0-r12' },
    licences: ['GPL-2.0-only'],
  },
  {
    ...{ type: 'apk', name: 'musl', version: '1.2.5-r9', arch: 'x86_64' },
    source: { name: 'musl', version: '1.2.5-r9' },
    licences: ['MIT'],
    maintainer: 'Timo Teräs <timo.teras@iki.fi>',
    homepage: 'https://musl.libc.org/',
  },
];

// No real database is available: Debian does not package apk. The fields are those of Alpine's databases.
test.each(['lib/apk/db/installed', 'usr/lib/apk/db/installed'])(
  'reads the packages of apk in /%s',
  async (path) => {
    const root = plant(temporaryDirectory(), { [path]: DATABASE });
    expect(await readPackages(root)).toEqual(EXPECTED);
  },
);

test('lists packages once when one directory links to the other', async () => {
  const root = plant(temporaryDirectory(), {
    'usr/lib/apk/db/installed': DATABASE,
    lib: { link: 'usr/lib' },
  });
  expect(await readPackages(root)).toEqual(EXPECTED);
});
