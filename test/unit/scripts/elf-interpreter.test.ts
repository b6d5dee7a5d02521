import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { setInterpreter } from '../../../scripts/elf-interpreter.ts';
import { PROJECT } from '../../support/factory.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const RUNTIME = join(PROJECT, 'node_modules/bun/bin/bun.exe');

test('a changed runtime uses the loader and the libraries of the directory, and no others', () => {
  const home = temporaryDirectory();
  const libc = join(home, 'libc');
  mkdirSync(libc);
  const program = join(home, 'program');
  writeFileSync(program, setInterpreter(readFileSync(RUNTIME), libc));
  chmodSync(program, 0o755);
  expect(() => execFileSync(program, ['--version'])).toThrow(/ENOENT/);
  const found = execFileSync('ldd', [RUNTIME], { encoding: 'utf8' });
  const needed = [...found.matchAll(/(\/\S+\.so\S*) \(/g)].map(([, path = '']) => path);
  for (const path of needed) {
    copyFileSync(path, join(libc, /ld-linux/.test(path) ? 'ld.so' : basename(path)));
  }
  expect(execFileSync(program, ['--version'], { encoding: 'utf8' })).toMatch(/^\d+\.\d+\.\d+\n$/);
  const script = 'process.stdout.write(require("fs").readFileSync("/proc/self/maps"))';
  const maps = execFileSync(program, ['-e', script], { encoding: 'utf8' });
  const libraries = [...maps.matchAll(/\/\S+\.so\S*$/gm)].map(([path]) => path);
  expect(new Set(libraries.map((path) => path.slice(0, libc.length)))).toEqual(new Set([libc]));
});

test('what is not such a program is refused', () => {
  expect(() => setInterpreter(Buffer.alloc(64), '/libc')).toThrow('not a 64-bit ELF file');
  // Debian's programs have only the GNU hash table, whose place cannot be taken.
  expect(() => setInterpreter(readFileSync('/bin/true'), '/libc')).toThrow(/no GNU hash table|no room/);
});
