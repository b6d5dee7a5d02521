import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quoteWord } from '../../../../src/common/text/shell-word.ts';
import {
  asRoot,
  commandLine,
  curlCommand,
  upgradeCommand,
} from '../../../../src/factory/rollout/remote-command.ts';

const shell = (line: string) => execFileSync('/bin/sh', ['-c', line], { encoding: 'latin1' });

test('a shell sees every word as it was, whatever is in it', () => {
  // A process cannot get a NUL as an argument.
  const word = fc.string({ unit: 'binary-ascii', maxLength: 40 }).map((text) => text.replaceAll('\0', ''));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
      const printed = shell(commandLine(['printf', '%s\\0', ...words]));
      expect(printed.split('\0').slice(0, -1)).toEqual(words);
    }),
    { numRuns: 60 },
  );
});

test.each([
  ['', "''"],
  ['a b', "'a b'"],
  ["it's", `'it'\\''s'`],
  ['~root', "'~root'"],
  ['oci:r.example.com:5000/os@sha256:ab', 'oci:r.example.com:5000/os@sha256:ab'],
])('%j is quoted as %s', (word, quoted) => expect(quoteWord(word)).toBe(quoted));

test('a script runs as it is, also when it is quoted twice', () => {
  const script = `x="it's"; printf '%s|%s' "$x" '$HOME "\\'`;
  // As root, or through sudo: the account decides, so the line is made one that needs no sudo.
  const line = asRoot(script).replace('sudo -n sh', 'sh');
  expect(shell(line)).toBe('it\'s|$HOME "\\');
});

test('the commands on a node', () => {
  expect(upgradeCommand({ pinned: 'r/os@sha256:ab', insecure: true })).toBe(
    'kairos-agent upgrade --source oci:r/os@sha256:ab --allow-insecure-registries',
  );
  expect(curlCommand('http://[::1]/a?b=1&c=$(x)')).toMatch(/ -- 'http:\/\/\[::1\]\/a\?b=1&c=\$\(x\)'$/);
});
