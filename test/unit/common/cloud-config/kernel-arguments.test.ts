import { expect, test } from 'vitest';
import { argumentProblem } from '../../../../src/common/cloud-config/kernel-arguments.ts';

test.each([
  'quiet console=ttyS0,115200',
  'dyndbg="module usbcore +p"',
  '"dyndbg=module usbcore +p" quiet',
  'a="" b="c=d e"',
  'x=$HOME;{a}|b',
])('the kernel gets as written: %s', (text) => {
  expect(argumentProblem(text)).toBeUndefined();
});

test.each([
  ["a='b c'", /backslash/],
  ['path=C:\\x', /backslash/],
  ['quiet a="b c', /double quotes of a="b c must/],
  ['a=b"c d"', /double quotes of a=b"c d" must/],
  ['a="b" "c"d', /double quotes of "c"d must/],
])('GRUB would change: %s', (text, reason) => {
  expect(argumentProblem(text)).toMatch(reason);
});
