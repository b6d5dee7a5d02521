import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { setInterpreter } from '../../../scripts/elf-interpreter.ts';
import { PROJECT } from '../../support/factory.ts';
import { elfFile } from '../agent/initramfs/support/elf-file.ts';
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

test('a program with a GNU hash table only is changed, too, and finds its libraries in a second directory', () => {
  const home = temporaryDirectory();
  const [libc, libraries, program] = ['libc', 'libraries', 'program'].map((name) => join(home, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(libc);
  mkdirSync(libraries);
  writeFileSync(program, setInterpreter(readFileSync('/sbin/sfdisk'), libc, [libraries]), { mode: 0o755 });
  const found = execFileSync('ldd', ['/sbin/sfdisk'], { encoding: 'utf8' });
  for (const [, path = ''] of found.matchAll(/(\/\S+\.so\S*) \(/g)) {
    if (/ld-linux/.test(path)) copyFileSync(path, join(libc, 'ld.so'));
    else copyFileSync(path, join(/libc\.so/.test(path) ? libc : libraries, basename(path)));
  }
  expect(execFileSync(program, ['--version'], { encoding: 'utf8' })).toMatch(/util-linux/);
  const listed = execFileSync(join(libc, 'ld.so'), ['--list', program], { encoding: 'utf8' });
  const places = [...listed.matchAll(/=> (\S+)\//g)].map(([, directory]) => directory);
  expect(new Set(places)).toEqual(new Set([libc, libraries]));
});

test('what is not such a program is refused', () => {
  expect(() => setInterpreter(Buffer.alloc(64), '/libc')).toThrow('not a 64-bit ELF file');
  expect(() => setInterpreter(elfFile({}), '/libc')).toThrow('not dynamically linked');
});
