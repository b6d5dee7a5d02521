import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { unreadFlags } from '../../../support/unread-flags.ts';

const CLI = join(import.meta.dirname, '../../../../src/factory/cli');
const COMMANDS = readdirSync(CLI, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(CLI, name));

// A shared module may read the flags of a command.
test.each(COMMANDS)('%s declares no unused flag', (file) => {
  expect(unreadFlags(file, COMMANDS)).toEqual([]);
});
