import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { MEASURED, PROJECT } from '../../../support/factory.ts';

const MODULE = JSON.stringify(join(PROJECT, 'src/factory/cli/render-progress.ts'));
/** Shows a build of two steps for a moment. */
const PROGRAM = `
const { createProgressRenderer } = await import(${MODULE});
const show = createProgressRenderer(process.stderr);
const steps = [['a', 'import the base of a long name'], ['b', 'build the image']];
show.onEvent({ type: 'plan', steps: steps.map(([id, title]) => ({ id, title, needs: [], state: 'run' })) });
show.onEvent({ type: 'start', id: 'a', title: steps[0][1] });
show.onEvent({ type: 'progress', id: 'a', text: 'setting up dbus…', isFleeting: true });
await new Promise((done) => setTimeout(done, 500));
process.stderr.write('said by others\\n');
show.onEvent({ type: 'end', id: 'a', title: steps[0][1], cached: false, seconds: 1.2 });
show.onEvent({ type: 'notice', text: 'a notice' });
await show.close();
console.log('the report');
`;

/** What a pseudo-terminal of that width gets. */
function shown(columns: number, env: Readonly<Record<string, string>>): string {
  const command = `stty rows 24 cols ${columns}; exec "$NODE" --input-type=module --eval "$PROGRAM"`;
  const { stdout } = spawnSync('script', ['-qefc', command, '/dev/null'], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], NODE: process.execPath, PROGRAM, TERM: 'xterm', ...MEASURED, ...env },
  });
  return stdout.replaceAll('\r', '');
}

describe('in a pseudo-terminal', () => {
  test.each([
    [80, { LANG: 'C.UTF-8' }, '› setting up dbus…', /^✔ import the base of a long name \(1\.2 s\)$/],
    [40, { LANG: 'C' }, '> setting up dbus...', /^\+ import the base of .*\.\.\. \(1\.2 s\)$/],
    [0, { LANG: 'C.UTF-8' }, '› setting up dbus…', /^✔ import the base of a long name \(1\.2 s\)$/],
  ])('of %i columns with %j, rows fit and end with times', (columns, env, activity, end) => {
    const text = stripVTControlCharacters(shown(columns, env));
    expect(text).toContain(activity);
    expect(text).toContain('said by others\n');
    expect(text.split('\n').slice(-5)).toEqual([
      expect.stringMatching(end),
      expect.stringMatching(/^[·-] build the image$/),
      'notice: a notice',
      'the report',
      '',
    ]);
    if (columns > 0) for (const line of text.split('\n')) expect(line.length).toBeLessThan(columns);
  });

  test('the cursor comes back', () => {
    const text = shown(80, { LANG: 'C' });
    expect(text.lastIndexOf('\x1b[?25h')).toBeGreaterThan(text.lastIndexOf('\x1b[?25l'));
  });

  test('NO_COLOR leaves out colours, and a dumb terminal gets lines', () => {
    expect(shown(80, { LANG: 'C', NO_COLOR: '1' })).not.toMatch(
      new RegExp(`${String.fromCharCode(27)}\\[\\d+m`),
    );
    const dumb = shown(80, { LANG: 'C', TERM: 'dumb' });
    expect(dumb).toContain('[a] done in 1.2 s\n');
    expect(dumb).not.toContain('\x1b');
  });
});
