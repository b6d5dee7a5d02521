import { describe, expect, test } from 'vitest';
import { followBuild } from '../../../../../src/factory/engine/buildkit/messages.ts';

const at = '2026-12-01T02:56:23.067751677Z';
const status = (value: object) => JSON.stringify(value);
const begins = (digest: string, name: string) => status({ vertexes: [{ digest, name, started: at }] });
const log = (vertex: string, text: string, stream = 1) =>
  status({ logs: [{ vertex, stream, data: Buffer.from(text).toString('base64'), timestamp: at }] });

/** Follows lines of `buildctl --progress=rawjson`, as version 0.34.2 writes them. */
function follow(...lines: string[]) {
  const [steps, output, logged] = [[] as string[], [] as string[], [] as string[]];
  const messages = followBuild({
    log: (line) => logged.push(line),
    onStep: (text) => steps.push(text),
    onOutput: (line) => output.push(line),
  });
  for (const line of lines) messages.take(line);
  return { steps, output, logged, failure: messages.failure() };
}

describe('the messages of a build', () => {
  test('instructions are steps, each once, and other parts are not', () => {
    const { steps, logged } = follow(
      status({ vertexes: [{ digest: 'a', name: '[ 2/10] RUN ["/bin/sh", "x"]' }] }),
      begins('0', '[internal] load build definition from Containerfile'),
      begins('1', '[context localhost/kairos-factory/base:1] OCI load from client'),
      begins('a', '[ 2/10] RUN ["/bin/sh", "x"]'),
      begins('a', '[ 2/10] RUN ["/bin/sh", "x"]'),
      begins('b', '[stage-0  1/3] COPY a /b'),
      begins('c', '[linux/arm64 kairos-factory-kernel 3/3] RUN true'),
      status({
        vertexes: [{ digest: 'd', name: '[ 4/10] RUN cached', started: at, completed: at, cached: true }],
      }),
      begins('e', 'exporting to oci image format'),
    );
    expect(steps).toEqual(['RUN ["/bin/sh", "x"]', 'COPY a /b', 'RUN true']);
    expect(logged).toContain('[ 4/10] RUN cached (cached)');
    expect(logged).toContain('exporting to oci image format');
  });

  test('output comes in lines, wherever its parts end', () => {
    const { output, logged } = follow(
      log('a', 'one\ntw'),
      log('b', 'other\n'),
      log('a', 'o\r\n\u001b[31mred\u001b[0m\nrest'),
      log('a', 'error\n', 2),
      'error: failed to solve: it ended',
    );
    expect(output).toEqual(['one', 'other', 'two', '\u001b[31mred\u001b[0m', 'error']);
    // What a program printed last may have no end of line.
    expect(logged).toEqual([
      'one',
      'other',
      'two',
      'red',
      'error',
      'rest',
      'error: failed to solve: it ended',
    ]);
  });

  test('a line that never ends does not grow without limit', () => {
    const { output } = follow(log('a', 'x'.repeat(70_000)), log('a', 'y\n'));
    expect(output.map(({ length }) => length)).toEqual([70_000, 1]);
  });

  test('a failure has the last words, the last lines, and what failed', () => {
    const name = '[2/3] RUN exit 7';
    const error = 'process "/bin/sh -c exit 7" did not complete successfully: exit code: 7';
    const { failure, steps } = follow(
      begins('a', name),
      begins('b', '[other 1/1] RUN sleep 9'),
      ...Array.from({ length: 20 }, (_, index) => log('a', `${index}\n`)),
      status({ vertexes: [{ digest: 'a', name, started: at, completed: at, error }] }),
      status({
        vertexes: [
          {
            digest: 'b',
            name: '[other 1/1] RUN sleep 9',
            started: at,
            completed: at,
            error: 'context canceled',
          },
        ],
      }),
      'Containerfile:2',
      `error: failed to solve: ${error}`,
    );
    expect(failure.said).toBe(error);
    expect(failure.last).toEqual(Array.from({ length: 15 }, (_, index) => `${index + 5}`));
    expect(failure.part).toEqual({ name, isInstruction: true });
    expect(steps.at(-1)).toBe('RUN exit 7');
  });

  test('a part that is not an instruction may fail', () => {
    const name = 'exporting cache to registry';
    const { failure, steps } = follow(
      status({ vertexes: [{ digest: 'a', name, started: at, completed: at, error: 'refused' }] }),
    );
    expect(failure).toEqual({ said: undefined, last: [name], part: { name, isInstruction: false } });
    expect(steps).toEqual([]);
  });

  test('lines of another form, and warnings, are logged', () => {
    const short = Buffer.from('FromAsCasing').toString('base64');
    const { logged, failure } = follow(
      'time="x" level=warning msg="y"',
      '{"vertexes": 7}',
      '{broken',
      status({ warnings: [{ short }] }),
    );
    expect(logged).toEqual([
      'time="x" level=warning msg="y"',
      '{"vertexes": 7}',
      '{broken',
      'warning: FromAsCasing',
    ]);
    expect(failure.said).toBeUndefined();
  });
});
