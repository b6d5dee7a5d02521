import { describe, expect, test } from 'vitest';
import { INTERRUPTED_MENU } from '../../../src/agent/deploy/boot-loader.ts';
import { judgeCut } from '../../support/cuts/judge-cut.ts';
import type { NodeOnDisk, View } from '../../support/cuts/read-node.ts';

const whole: View = {
  ...{ menu: 'menu', active: 'system', passive: 'system', recovery: 'recovery' },
  ...{ marks: {}, variables: {}, config: 'config', history: 'first-install' },
};
const node = (grub: Partial<View>, linux: Partial<View>, rest: Partial<NodeOnDisk> = {}): NodeOnDisk => ({
  ...{ bootCode: 'grub', partitions: [], esp: 'esp' },
  ...{ grub: { ...whole, ...grub }, linux: { ...whole, ...linux } },
  ...rest,
});
const installed = node({}, {});
const milestones = { install: installed, upgrade: installed, reset: installed };
const unfinished: Partial<View> = { menu: INTERRUPTED_MENU, active: undefined, passive: undefined };
const judge = (found: NodeOnDisk, done = false) => judgeCut('install', found, { milestones, done });

describe('an installation that lost its power', () => {
  test.each([
    ['is none before there is boot code', node({ menu: undefined }, {}, { bootCode: 'none' }), 'none'],
    ['is interrupted as long as the menu says so', node(unfinished, unfinished), 'interrupted'],
    [
      'is interrupted when only the journal has the menu, which GRUB does not read',
      node(unfinished, {}),
      'interrupted',
    ],
    ['is done with the whole system', installed, 'done'],
  ])('%s', (_, found, outcome) => {
    expect(judge(found)).toEqual({ outcome, problems: [] });
  });

  test.each([
    ['the menu of GRUB is another one', node({ menu: 'other' }, {}), /GRUB has the menu other/],
    ['the menu of Linux is another one', node(unfinished, { menu: 'other' }), /Linux finds the menu other/],
    ['a slot is missing behind the menu', node({}, { passive: undefined }), /linux: passive is undefined/],
    ['files of the ESP are missing', node({}, {}, { esp: 'other' }), /EFI system partition/],
    ['nothing is in the history', node({}, { history: undefined }), /the history is undefined/],
  ])('is wrong when %s', (_, found, problem) => {
    expect(judge(found).problems.join()).toMatch(problem);
  });

  test('is wrong when it was reported as done, but GRUB does not see it', () => {
    expect(judge(node(unfinished, {}), true).problems).toEqual([
      'it was reported as done, but is interrupted',
    ]);
  });
});
