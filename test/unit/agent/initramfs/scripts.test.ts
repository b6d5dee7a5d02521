import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROJECT } from '../../../support/factory.ts';
import { tool } from '../../../support/tool.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const SCRIPTS = join(PROJECT, 'templates/image/initramfs/usr/lib/kairos/initramfs');
/** The shell of an image with BusyBox, and one without. */
const SHELLS = [['busybox', 'sh'], ['dash']];

/** Runs functions of the scripts by a real shell, on a machine below a directory, and returns what they print. */
async function run(shell: readonly string[], root: string, commands: string): Promise<string> {
  const scripts = ['lib'].map((name) => readFileSync(join(SCRIPTS, `${name}.sh`), 'utf8'));
  const text = [...scripts, commands]
    .join('\n')
    .replaceAll(/(?<=[\s"'<>=])\/(?=(?:proc|sys|run|dev)\/)/g, `${root}/`);
  const file = join(root, 'script');
  writeFileSync(
    file,
    text
      .replaceAll('${1#/dev/}', `\${1#${root}/dev/}`)
      .replaceAll('${kairos_node#/dev/}', `\${kairos_node#${root}/dev/}`),
  );
  return tool(shell[0] ?? 'sh', ...shell.slice(1), file);
}

function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

describe.each(SHELLS.map((shell) => ({ shell, name: shell[0] })))('with $name', ({ shell }) => {
  test.each([
    ['root=/dev/a dyndbg="module root=x +p" init=/bin/b', '/dev/a|/bin/b'],
    ['"root=LABEL=a b" "init=/bin/b" quiet', 'LABEL=a b|/bin/b'],
    ['root=/dev/a x="never closed init=/bin/b', '/dev/a|/bin/b'],
    ['root=/dev/* init="/bin/b"', '/dev/*|/bin/b'],
  ])('double quotes of the command line keep an argument together: %s', async (line, expected) => {
    const root = temporaryDirectory();
    write(root, { 'proc/cmdline': `${line}\n` });
    const print = 'kairos_read_cmdline\nprintf "%s|%s" "$kairos_root" "$kairos_init"';
    expect(await run(shell, root, print)).toBe(expected);
  });
});
