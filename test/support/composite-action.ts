import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { parse } from 'yaml';
import { PROJECT } from './factory.ts';

interface Step {
  readonly name: string;
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
  readonly run?: string;
  readonly shell?: string;
  readonly 'working-directory'?: string;
  readonly env?: Readonly<Record<string, string>>;
}
interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly steps: readonly Step[] };
}

/** The result of a job. */
export interface ActionRun {
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  /** What the steps printed. */
  readonly log: string;
}

/**
 * Runs our composite action as a runner of GitHub does, as far as the action uses it: inputs, `if`, `env`, the files for outputs,
 * paths and the summary. The cache is a directory.
 * @param options.home an empty directory of the job
 * @param options.workspace where the job has its checkout
 * @param options.kept the directory of the cache, by key
 * @param options.run the number of the job
 * @throws Error when a step fails
 */
export async function runAction(options: {
  readonly home: string;
  readonly workspace: string;
  readonly kept: string;
  readonly run: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}): Promise<ActionRun> {
  const action = parse(await readFile(join(PROJECT, 'action.yml'), 'utf8')) as Action;
  const unknown = Object.keys(options.inputs).filter((name) => !(name in action.inputs));
  if (unknown.length > 0) throw new Error(`the action has no inputs ${unknown.join(', ')}`);
  const files = { output: '', path: '', summary: '' };
  for (const name of Object.keys(files) as (keyof typeof files)[]) {
    files[name] = join(options.home, name);
    await writeFile(files[name], '');
  }
  const values: Record<string, string> = {
    'runner.temp': join(options.home, 'temp'),
    'runner.os': 'Linux',
    'runner.arch': 'X64',
    'github.run_id': options.run,
  };
  for (const [name, { default: value = '' }] of Object.entries(action.inputs))
    values[`inputs.${name}`] = options.inputs[name] ?? value;
  await mkdir(join(options.home, 'temp'));
  const fill = (text: string) =>
    text.replace(/\$\{\{ ([\w.-]+) \}\}/g, (_, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`a runner knows more than this one: ${name}`);
      return value;
    });

  const log: string[] = [];
  for (const step of action.runs.steps) {
    const [, name = '', wanted] = /^([\w.-]+) == '(\w+)'$/.exec(step.if ?? '') ?? [];
    if (step.if !== undefined && values[name] !== wanted) continue;
    if (step.uses !== undefined) {
      await useCache(step, fill, options.kept);
      continue;
    }
    log.push(await runStep(step, { ...options, fill, files }));
    for (const line of (await readFile(files.output, 'utf8')).split('\n')) {
      const [key = '', ...value] = line.split('=');
      if (key !== '') values[`steps.${step.id}.outputs.${key}`] = value.join('=');
    }
  }
  const outputs = Object.entries(action.outputs).map(([key, { value }]) => [key, fill(value)]);
  return {
    outputs: Object.fromEntries(outputs),
    summary: await readFile(files.summary, 'utf8'),
    log: log.join('\n'),
  };
}

/** Runs a step with a shell. @returns what it printed @throws Error when it fails */
async function runStep(
  step: Step,
  {
    workspace,
    env,
    fill,
    files,
  }: {
    readonly workspace: string;
    readonly env: Readonly<Record<string, string>>;
    readonly fill: (text: string) => string;
    readonly files: Readonly<Record<'output' | 'path' | 'summary', string>>;
  },
): Promise<string> {
  const paths = (await readFile(files.path, 'utf8')).split('\n').filter(Boolean).reverse();
  await writeFile(files.output, '');
  const own = Object.entries(step.env ?? {}).map(([key, value]) => [key, fill(value)]);
  const { all, exitCode } = await execa('sh', ['-e', '-c', step.run ?? ''], {
    cwd: join(workspace, fill(step['working-directory'] ?? '.')),
    env: {
      ...env,
      ...Object.fromEntries(own),
      PATH: [...paths, env['PATH'] ?? process.env['PATH']].join(':'),
      GITHUB_ACTIONS: 'true',
      GITHUB_ACTION_PATH: PROJECT,
      GITHUB_OUTPUT: files.output,
      GITHUB_PATH: files.path,
      GITHUB_STEP_SUMMARY: files.summary,
    },
    all: true,
    reject: false,
  });
  if (exitCode !== 0) throw new Error(`the step "${step.name}" ended with ${exitCode}:\n${all}`);
  return all;
}

/** What actions/cache/restore and actions/cache/save do with one file. */
async function useCache(step: Step, fill: (text: string) => string, kept: string): Promise<void> {
  const { path = '', key = '', 'restore-keys': prefix = '' } = step.with ?? {};
  if (step.uses?.startsWith('actions/cache/save@')) return copyFile(fill(path), join(kept, fill(key)));
  if (!step.uses?.startsWith('actions/cache/restore@')) throw new Error(`unknown action ${step.uses}`);
  const newest = (await readdir(kept))
    .filter((name) => name.startsWith(fill(prefix)))
    .sort()
    .at(-1);
  if (newest !== undefined && existsSync(join(kept, newest))) await copyFile(join(kept, newest), fill(path));
}
