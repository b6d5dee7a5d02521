import { expect, test } from 'vitest';
import { projectFiles } from './project-files.ts';

/** The commands of the README and of the page of tasks that write artifacts, in order: the output directory, and what is written there. */
async function writers(): Promise<{ readonly output: string; readonly what: string }[]> {
  const files = await projectFiles();
  const text = ['README.md', 'docs/commands-by-task.md'].map((page) => files.get(page) ?? '').join('');
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
  const lines = blocks.flatMap((block) => block.split('\n')).filter((line) => !line.includes('--plan'));
  return lines.flatMap((line) => {
    const command = /^\S*kairos-factory (build|artifacts|sysext|confext) /.exec(line)?.[1];
    if (command === undefined) return [];
    const flag = (name: string) => new RegExp(` --${name} (\\S+)`).exec(line)?.[1] ?? '';
    // Files of the same names are replaced; others stay, and the checksums do not list them.
    return [
      {
        output: flag('output') || 'build',
        what: [command, flag('release'), flag('version'), flag('artifact')].join(' '),
      },
    ];
  });
}

test('no command of the README or the page of tasks leaves files in the output of another', async () => {
  const found = await writers();
  expect(found.length).toBeGreaterThan(5);
  const outputs = [...new Set(found.map(({ output }) => output))];
  for (const output of outputs) {
    const written = found.filter((one) => one.output === output).map(({ what }) => what);
    expect([...new Set(written)], output).toHaveLength(1);
    expect(outputs.filter((other) => other.startsWith(`${output}/`))).toEqual([]);
  }
});
