import { beforeEach, describe, expect, it, vi } from 'vitest';
import { collectConfig } from '../../../../src/agent/config/collect.ts';
import { templateData } from '../../../../src/agent/facts/template-data.ts';
import type { Plugin } from '../../../../src/agent/stages/plugin.ts';
import { runStage } from '../../../../src/agent/stages/run-stage.ts';
import { testHost } from '../support/test-host.ts';

vi.mock('../../../../src/agent/facts/template-data.ts', () => ({ templateData: vi.fn() }));

beforeEach(() => {
  vi.mocked(templateData)
    .mockReset()
    .mockResolvedValue({ Values: { name: 'a b/c?d' } } as never);
});

const done: string[] = [];
const commands: Plugin<'commands'> = {
  key: 'commands',
  run: async ({ expand }, lines) => {
    done.length = 0;
    for (const line of lines) done.push(await expand(line));
  },
};

describe('templates in steps', () => {
  const run = async (...lines: string[]) => {
    await using host = await testHost({
      files: { '/oem/a.yaml': `#cloud-config\nstages:\n  demo: [{commands: ${JSON.stringify(lines)}}]\n` },
    });
    return await runStage(host, 'demo', { plugins: [commands] as Plugin[] });
  };

  it('are expanded, with machine values that are collected once', async () => {
    await run('plain', '{{ .Values.name }}', 'x {{ .Values.name }}');
    expect(done).toEqual(['plain', 'a b/c?d', 'x a b/c?d']);
    expect(templateData).toHaveBeenCalledTimes(1);
  });

  it('collect no machine values without a template', async () => {
    await run('plain');
    expect(templateData).not.toHaveBeenCalled();
  });

  it.each([
    '{{ .Values.name',
    'summary: {{ $labels.instance }} down',
    "docker inspect -f '{{ json .Config }}' x",
    'echo {{ host }}',
    '{{ fail "no" }}',
    '{{ index .Values.name 7 "x" }}',
  ])('stay as they are when they cannot be rendered: %s', async (line) => {
    await using host = await testHost({
      files: {
        '/oem/a.yaml': `#cloud-config\nstages: {demo: [{commands: ${JSON.stringify([line, 'next'])}}]}\n`,
      },
    });
    const { problems } = await runStage(host, 'demo', { plugins: [commands] as Plugin[] });
    expect(done).toEqual([line, 'next']);
    expect(problems).toEqual([]);
    expect(host.logged.filter((entry) => entry.startsWith('warn'))).toEqual([
      expect.stringMatching(/^warn \/oem\/a\.yaml: step "a\.yaml\.0" of demo: the text stays as it is/),
    ]);
  });
});

describe('templates in config_url', () => {
  it('take machine values escaped', async () => {
    const asked: string[] = [];
    await using host = await testHost({
      files: {
        '/oem/a.yaml': '#cloud-config\nconfig_url: "http://x/{{ .Values.name }}?n={{ .Values.name }}"\n',
      },
      fetch: (url) => {
        asked.push(url);
        return new Response('#cloud-config\nremote: true\n');
      },
    });
    expect((await collectConfig(host)).data['remote']).toBe(true);
    expect(asked).toEqual(['http://x/a%20b%2Fc%3Fd?n=a%20b%2Fc%3Fd']);
  });
});
