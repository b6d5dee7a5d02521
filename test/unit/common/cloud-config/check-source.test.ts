import { describe, expect, test } from 'vitest';
import { printSchemaCommand } from '../../../../src/agent/commands/print-schema.ts';
import { validateCommand } from '../../../../src/agent/commands/validate.ts';
import type { Finding } from '../../../../src/common/cloud-config/validate.ts';
import { type TestHostOptions, testHost } from '../../agent/support/test-host.ts';

async function run(words: string[], options: TestHostOptions = {}) {
  await using host = await testHost(options);
  const lines: string[] = [];
  const context = { host, out: (text: string) => void lines.push(text) };
  const command = words[0] === 'print-schema' ? printSchemaCommand(context) : validateCommand(context);
  const error = await command.parseAsync(words.slice(1), { from: 'user' }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { printed: lines.join(''), error };
}
const file = (text: string) => ({ files: { '/oem/a.yaml': text } });

describe('validate', () => {
  test('accepts a valid file', async () => {
    const { printed, error } = await run(['validate', '/oem/a.yaml'], file('#cloud-config\n'));
    expect([printed, error]).toEqual(['/oem/a.yaml: valid\n', undefined]);
  });

  test('fails with the verification status for an invalid file', async () => {
    const { printed, error } = await run(
      ['validate', '/oem/a.yaml'],
      file('#cloud-config\ntypo: 1\neject-cd: 2\n'),
    );
    expect(printed).toBe(
      '/oem/a.yaml:2:1: warning: unknown key "typo"\n/oem/a.yaml:3:1: error: eject-cd: expected true or false, found 2\n',
    );
    expect(error).toMatchObject({
      kind: 'verification',
      message: '/oem/a.yaml: 1 error(s) in the cloud-config',
    });
  });

  test('reports invalid YAML as a finding', async () => {
    const { printed, error } = await run(['validate', '/oem/a.yaml'], file('#cloud-config\na: 1\na: 2\n'));
    expect(printed).toBe('/oem/a.yaml:3:1: error: duplicate key "a"\n');
    expect(error).toMatchObject({ kind: 'verification' });
  });

  test('succeeds with warnings, unless --strict is set', async () => {
    const warned = await run(['validate', '/oem/a.yaml'], file('#cloud-config\ntypo: 1\n'));
    expect(warned).toMatchObject({
      error: undefined,
      printed: expect.stringContaining('warning: unknown key'),
    });
    const strict = await run(['validate', '/oem/a.yaml', '--strict'], file('#cloud-config\ntypo: 1\n'));
    expect(strict).toMatchObject({
      error: { kind: 'verification' },
      printed: expect.stringContaining('error: unknown key'),
    });
  });

  test('prints the findings with --json, even when there are none', async () => {
    const { printed } = await run(['validate', '/oem/a.yaml', '--json'], file('#cloud-config\ntypo: 1\n'));
    expect(JSON.parse(printed) as Finding[]).toEqual([
      { severity: 'warning', place: '/oem/a.yaml:2:1', message: 'unknown key "typo"' },
    ]);
    expect((await run(['validate', '/oem/a.yaml', '--json'], file('#cloud-config\n'))).printed).toBe('[]\n');
  });

  test('reads standard input', async () => {
    const { printed } = await run(['validate', '-'], { files: { '/dev/stdin': '#cloud-config\ntypo: 1\n' } });
    expect(printed).toBe('stdin:2:1: warning: unknown key "typo"\n');
  });

  test('reads a URL', async () => {
    const url = 'https://example.org/a.yaml';
    const { printed } = await run(['validate', url], {
      fetch: () => new Response('#cloud-config\ntypo: 1\n'),
    });
    expect(printed).toBe(`${url}:2:1: warning: unknown key "typo"\n`);
    const missing = await run(['validate', url], { fetch: () => new Response('', { status: 404 }) });
    expect(missing.error).toMatchObject({
      kind: 'step',
      message: `${url} cannot be fetched: the server responds with HTTP 404`,
    });
    expect((await run(['validate', url])).error).toMatchObject({
      kind: 'step',
      message: expect.stringContaining('fetch failed'),
    });
  });

  test('refuses a missing file and an unreadable file', async () => {
    expect((await run(['validate', '/oem/a.yaml'])).error).toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('the file does not exist'),
    });
    expect((await run(['validate', '/oem'], file(''))).error).toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('cannot be read'),
    });
  });
});

test('print-schema prints JSON, with the requested version', async () => {
  const plain = JSON.parse((await run(['print-schema'])).printed) as object;
  expect(plain).toMatchObject({ title: 'Cloud-config', type: 'object' });
  const { printed } = await run(['print-schema', '--version', 'v1.2.3']);
  expect(JSON.parse(printed)).toMatchObject({ $id: 'urn:kairos:cloud-config:v1.2.3' });
});
