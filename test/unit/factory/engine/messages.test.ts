import { describe, expect, test } from 'vitest';
import { followMessages, readMessages } from '../../../../src/factory/engine/docker/messages.ts';
import { failureOf } from '../../support/failure.ts';

/** A stream of the classic builder, in chunks of a size. */
async function* chunks(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

const lines = (...messages: object[]) => messages.map((message) => `${JSON.stringify(message)}\r\n`).join('');
const BUILD = lines(
  { stream: 'Step 1/2 : FROM base' },
  { stream: '\n' },
  { stream: ' ---> 0123456789ab\n' },
  { stream: 'Step 2/2 : RUN ["/bin/sh", "x"]' },
  { stream: '\n' },
  { stream: ' ---> Running in ba9876543210\n' },
  { stream: 'Größe: 1' },
  { stream: '0\r20\nnext\n' },
  { stream: 'Removing intermediate container ba9876543210\n' },
  { aux: { ID: 'sha256:abc' } },
  { stream: 'Successfully built abc\n' },
);

describe('a stream of messages', () => {
  test.each([1, 2, 7, 100_000])(
    'reports steps, output, containers and the image, in chunks of %i',
    async (size) => {
      const told: string[] = [];
      const [steps, containers] = [[] as string[], [] as string[]];
      const image = await followMessages(readMessages(chunks(BUILD, size)), {
        onLine: (line) => told.push(line),
        onStep: (text) => steps.push(text),
        onContainer: ({ id, running }) => containers.push(`${running ? '+' : '-'}${id}`),
      });
      expect(image).toBe('sha256:abc');
      expect(steps).toEqual(['FROM base', 'RUN ["/bin/sh", "x"]']);
      expect(containers).toEqual(['+ba9876543210', '-ba9876543210']);
      expect(told).toContain('Größe: 10');
      expect(told.at(-1)).toBe('Successfully built abc');
    },
  );

  test('an error has the fifteen lines before it', async () => {
    const output = Array.from({ length: 40 }, (_, index) => ({ stream: `line ${index}\n` }));
    const message = "The command '/bin/sh x' returned a non-zero code: 100";
    const text = lines(...output, { errorDetail: { code: 100, message }, error: message });
    const error = await failureOf(
      () => followMessages(readMessages(chunks(text, 64)), { onLine: () => undefined }),
      'step',
    );
    expect(error.message).toBe(`docker: ${message}`);
    expect(error.details).toHaveLength(15);
    expect(error.details.at(-1)).toBe('line 39');
  });

  test.each(['<html>no daemon</html>\n', '{"stream": "cut', '"text"\n'])('refuses %s', async (text) => {
    await failureOf(() => followMessages(readMessages(chunks(text, 4)), { onLine: () => undefined }), 'step');
  });
});
