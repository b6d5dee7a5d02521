import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { runStage } from '../../../../src/agent/stages/run-stage.ts';
import { type TestHost, testHost } from '../support/test-host.ts';

const Texts = z.record(z.string(), z.string()).default({});
const Expected = z.union([
  z.string().transform((content) => ({ content })),
  z.strictObject({
    content: z.string().optional(),
    base64: z.string().optional(),
    mode: z.string().optional(),
    owner: z.string().optional(),
    link: z.string().optional(),
  }),
]);
/** The format of test/fixtures/stage-cases, which its README explains. */
const Case = z.strictObject({
  name: z.string(),
  before: Texts,
  bytes: Texts,
  links: Texts,
  web: Texts,
  answers: z.record(z.string(), z.union([z.int(), z.string()])).default({}),
  missing: z.array(z.string()).default([]),
  arch: z.string().default('amd64'),
  config: z.string().optional(),
  stages: z.array(z.string()).default(['demo']),
  tree: z.record(z.string(), Expected).default({}),
  absent: z.array(z.string()).default([]),
  owners: z.array(z.string()).optional(),
  commands: z.array(z.string()).default([]),
  problems: z.number().default(0),
  warnings: z.number().default(0),
});
type Case = z.output<typeof Case>;

const DIRECTORY = join(import.meta.dirname, '../../../fixtures/stage-cases');
const THEMES = readdirSync(DIRECTORY).filter((name) => name.endsWith('.yaml'));
const casesOf = (theme: string) => z.array(Case).parse(parse(readFileSync(join(DIRECTORY, theme), 'utf8')));

async function found(host: TestHost, path: string, expected: z.output<typeof Expected>) {
  const { content, base64, mode, owner, link }: Partial<Record<string, string>> = { ...expected };
  const stat = await host.stat(path);
  const bytes = base64 === undefined ? undefined : await host.readBytes(path);
  return {
    ...(content === undefined ? {} : { content: await host.readText(path) }),
    ...(base64 === undefined ? {} : { base64: bytes && Buffer.from(bytes).toString('base64') }),
    ...(mode === undefined ? {} : { mode: stat?.mode.toString(8).padStart(4, '0') }),
    ...(owner === undefined ? {} : { owner: `${stat?.uid}:${stat?.gid}` }),
    ...(link === undefined ? {} : { link: await host.readLink(path) }),
  };
}

/** The path of a line `PATH UID:GID`. */
const pathOf = (line: string) => line.replace(/ \S+$/, '');

/** Who changes owners needs root, so the host only notes them; here it also answers with them. */
function withOwners(host: TestHost): TestHost {
  const owners = new Map<string, { uid: number; gid: number }>();
  return {
    ...host,
    chown: async (path, uid, gid) => {
      await host.chown(path, uid, gid);
      owners.set(path, { uid, gid });
    },
    rename: async (from, to) => {
      await host.rename(from, to);
      for (const [path, owner] of owners) {
        if (path === from || path.startsWith(`${from}/`)) owners.set(to + path.slice(from.length), owner);
      }
    },
    stat: async (path, options) => {
      const stat = await host.stat(path, options);
      return stat && { ...stat, uid: 0, gid: 0, ...owners.get(path) };
    },
  };
}

async function node({ before, bytes, links, web, answers, config, missing, arch }: Case): Promise<TestHost> {
  const host = await testHost({
    files: { ...before, ...(config === undefined ? {} : { '/oem/config.yaml': config }) },
    missing,
    arch,
    run: ({ program, args }) => {
      const answer = answers[[program, ...args].join(' ')] ?? answers[program];
      return typeof answer === 'number' ? { status: answer } : answer;
    },
    fetch: (url) => {
      const text = web[url];
      return text === undefined ? new Response('', { status: 404 }) : new Response(text);
    },
  });
  for (const [path, base64] of Object.entries(bytes)) await host.write(path, Buffer.from(base64, 'base64'));
  for (const [path, target] of Object.entries(links)) await host.link(target, path);
  return withOwners(host);
}

describe.each(THEMES)('%s', (theme) => {
  test.each(casesOf(theme))('$name', async (each) => {
    await using host = await node(each);
    const problems: string[] = [];
    for (const stage of each.stages) problems.push(...(await runStage(host, stage)).problems);
    for (const [path, entry] of Object.entries(each.tree))
      expect([path, await found(host, path, entry)]).toEqual([path, entry]);
    for (const path of each.absent) {
      expect([path, await host.stat(path, { follow: false })]).toEqual([path, undefined]);
    }
    const named = new Set(each.owners?.map(pathOf));
    expect(host.owners.filter((line) => named.has(pathOf(line)))).toEqual(each.owners ?? []);
    const programs = new Set(each.commands.flatMap((line) => /^(\S+) \*$/.exec(line)?.[1] ?? []));
    expect(
      host.calls.map(({ program, args }) => [program, ...(programs.has(program) ? ['*'] : args)].join(' ')),
    ).toEqual(each.commands);
    expect(problems, problems.join('\n')).toHaveLength(each.problems);
    expect(host.logged.filter((line) => line.startsWith('warn '))).toHaveLength(each.warnings);
  });
});
