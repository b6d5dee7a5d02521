import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { runStage } from '../../../../src/agent/stages/run-stage.ts';
import { type TestHost, testHost } from '../support/test-host.ts';

const Expected = z.union([
  z.string().transform((content) => ({ content })),
  z.strictObject({
    content: z.string().optional(),
    mode: z.string().optional(),
    link: z.string().optional(),
  }),
]);
const Case = z.strictObject({
  name: z.string(),
  before: z.record(z.string(), z.string()).default({}),
  links: z.record(z.string(), z.string()).default({}),
  config: z.string(),
  tree: z.record(z.string(), Expected).default({}),
  absent: z.array(z.string()).default([]),
  owners: z.array(z.string()).optional(),
  commands: z.array(z.string()).default([]),
  problems: z.number().default(0),
  warnings: z.number().default(0),
});

const FILE = join(import.meta.dirname, '../../../fixtures/stage-cases.yaml');
const CASES = z.array(Case).parse(parse(readFileSync(FILE, 'utf8')));

async function found(host: TestHost, path: string, expected: z.output<typeof Expected>) {
  const { content, mode, link } = { mode: undefined, link: undefined, ...expected };
  return {
    ...(content === undefined ? {} : { content: await host.readText(path) }),
    ...(mode === undefined ? {} : { mode: (await host.stat(path))?.mode.toString(8).padStart(4, '0') }),
    ...(link === undefined ? {} : { link: await host.readLink(path) }),
  };
}

test.each(CASES)('$name', async ({ before, links, config, tree, ...expected }) => {
  await using host = await testHost({ files: { ...before, '/oem/config.yaml': config } });
  for (const [path, target] of Object.entries(links)) await host.link(target, path);
  const { problems } = await runStage(host, 'demo');
  for (const [path, entry] of Object.entries(tree))
    expect([path, await found(host, path, entry)]).toEqual([path, entry]);
  for (const path of expected.absent) expect([path, await host.stat(path)]).toEqual([path, undefined]);
  if (expected.owners) expect(host.owners).toEqual(expected.owners);
  expect(host.commands()).toEqual(expected.commands);
  expect(problems, problems.join('\n')).toHaveLength(expected.problems);
  expect(host.logged.filter((line) => line.startsWith('warn '))).toHaveLength(expected.warnings);
});
