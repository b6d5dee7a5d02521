import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { unreadFlags } from '../../../support/unread-flags.ts';

const CLI = join(import.meta.dirname, '../../../../src/factory/cli');
const COMMANDS = readdirSync(CLI, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(CLI, name));

// What a command declares may be read by a file that several commands share.
test.each(COMMANDS)('%s declares no flag that nothing reads', (file) => {
  expect(unreadFlags(file, COMMANDS)).toEqual([]);
});
