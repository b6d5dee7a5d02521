import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commandOutputs, parseCast } from '../../../../scripts/recording/cast.ts';
import { RECORDING, recordingPicture } from '../../../../scripts/recording/files.ts';
import { SESSION } from '../../../../scripts/recording/session.ts';
import { createWholeProgram } from '../../../../src/factory/cli/program.ts';
import { describeCommand, optionsOf } from '../../../../src/factory/cli/reference/describe-command.ts';
import { PROJECT } from '../../../support/factory.ts';

const cast = await readFile(join(PROJECT, RECORDING.cast), 'utf8');
const commands = [...commandOutputs(parseCast(cast)).keys()];

test('the recording is of the commands of the session, which exist with their options', async () => {
  expect(commands).toEqual(SESSION.map(({ command }) => command));
  const known = new Map(describeCommand(await createWholeProgram()).commands.map((one) => [one.path, one]));
  for (const command of commands) {
    const [program, name = '', ...words] = command.split(' | ')[0]?.split(' ') ?? [];
    expect(program).toBe('kairos-factory');
    const found = known.get(name);
    expect(found, command).toBeDefined();
    const names = found === undefined ? [] : optionsOf(found).flatMap((option) => option.names);
    for (const word of words.filter((each) => each.startsWith('-'))) expect(names, command).toContain(word);
  }
});

test('its picture is drawn from it, and both are small', async () => {
  expect(recordingPicture(cast)).toBe(await readFile(join(PROJECT, RECORDING.picture), 'utf8'));
  for (const file of Object.values(RECORDING))
    expect((await stat(join(PROJECT, file))).size).toBeLessThan(60_000);
});

test('it has no names of the machine that it was made on', () => {
  expect(cast).not.toContain(PROJECT.replace(/\/$/, ''));
  // The program may name files below /tmp; those of the session are below its home.
  expect(cast).not.toMatch(/\/(?:home|root|tmp\/recording)/);
});
