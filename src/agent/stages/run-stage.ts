import type { StageStep } from '../../common/cloud-config/step-schema.ts';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { templateData } from '../facts/template-data.ts';
import { missedBefore } from './boot-order.ts';
import { builtinSteps } from './builtin/registry.ts';
import { conditionsHold } from './conditions.ts';
import { momentsOf, type PlannedStep, planMoment } from './plan.ts';
import type { Plugin, PluginContext } from './plugin.ts';
import { PLUGINS } from './plugins.ts';
import {
  type ReadSources,
  type SourceOptions,
  type Sources,
  type StageFile,
  type StageSource,
  sourceReader,
} from './sources.ts';
import type { StageFailure } from './stage-record.ts';

/** Options for running a stage. */
export interface StageOptions extends SourceOptions {
  /** Replaces the default plugins. */
  readonly plugins?: readonly Plugin[];
}

/** The outcome of a step. */
export interface StepReport {
  readonly stage: string;
  /** The file, or `builtin`. */
  readonly file: string;
  readonly name: string;
  /** `skipped` when its conditions do not hold. */
  readonly result: 'done' | 'skipped' | 'failed';
  readonly milliseconds: number;
}

/** The outcome of a stage, including its `.before` and `.after`. */
export interface StageReport {
  readonly stage: string;
  readonly milliseconds: number;
  readonly steps: readonly StepReport[];
  /** A sentence for each failure; already logged. */
  readonly problems: readonly string[];
  /** Those that are more than a warning, with their places. */
  readonly failures: readonly StageFailure[];
}

interface Run {
  readonly host: Host;
  readonly plugins: readonly Plugin[];
  readonly steps: StepReport[];
  readonly problems: Set<string>;
  readonly failures: StageFailure[];
}

/**
 * Runs `STAGE.before`, `STAGE` and `STAGE.after`: in each, the built-in steps, then the steps of all sources
 * (docs/contract.md 4.5, 4.6). Failures are logged with file and step, and the stage continues. A failing
 * step does not throw; the report lists it.
 */
export async function runStage(host: Host, stage: string, options: StageOptions = {}): Promise<StageReport> {
  const begin = host.now().getTime();
  const run: Run = {
    host,
    plugins: options.plugins ?? PLUGINS,
    steps: [],
    problems: new Set(),
    failures: [],
  };
  await runMoments(run, stage, options);
  return {
    stage,
    milliseconds: host.now().getTime() - begin,
    steps: run.steps,
    problems: [...run.problems],
    failures: run.failures,
  };
}

async function runMoments(run: Run, stage: string, options: StageOptions): Promise<void> {
  const sources = currentSources(sourceReader(run.host, stage, options));
  const late = lateConfigs(run, stage, options);
  await late.start();
  for (const moment of momentsOf(stage)) {
    if (!options.override && (await runBuiltin(run, moment))) sources.expire();
    const done = new Set<string>();
    for (;;) {
      const { problems, ...read } = await sources.get();
      for (const problem of problems) noteUnread(run, problem);
      if (await late.runFetched(read.arrived)) sources.expire();
      const next = (await sources.get()).sources.find(({ name }) => !done.has(name));
      if (next === undefined) break;
      done.add(next.name);
      if (!(await runSource(run, moment, next))) continue;
      sources.expire();
      await late.runUserData();
    }
  }
}

/**
 * The sources are read again after steps that ran: these may add configurations for the next source and moment, as a datasource
 * does (docs/contract.md 4.9).
 */
function currentSources(read: ReadSources) {
  let current: Sources | undefined;
  return {
    get: async (): Promise<Sources> => {
      current ??= await read();
      return current;
    },
    expire: () => {
      current = undefined;
    },
  };
}

/** Runs the steps that a source has for a moment. @returns whether any step ran */
async function runSource(run: Run, moment: string, source: StageSource): Promise<boolean> {
  const plan = planMoment(moment, [source]);
  for (const problem of plan.problems) report(run, { level: 'warn', problem });
  let ran = false;
  for (const planned of plan.steps) {
    ran = (await runStep(run, moment, planned)) || ran;
  }
  return ran;
}

/** Directories in which datasources store user data (docs/contract.md 4.9). */
const USER_DATA = [NODE_PATH.userData, NODE_PATH.volatileUserData];

async function hasUserData(host: Host): Promise<boolean> {
  const files = await Promise.all(USER_DATA.map((directory) => host.stat(`${directory}/userdata.yaml`)));
  return files.some((file) => file !== undefined);
}

/** Makes up for the stages that configurations have missed because they arrived only with the network. */
function lateConfigs(run: Run, stage: string, options: StageOptions) {
  const missed = missedBefore(stage);
  const handled = new Set<string>();
  let isComplete = options.override === true || stage !== 'network';
  return {
    start: async () => {
      isComplete ||= await hasUserData(run.host);
    },
    /** User data (docs/contract.md 4.9). */
    runUserData: async () => {
      if (isComplete || !(await hasUserData(run.host))) return;
      isComplete = true;
      for (const earlier of missed) {
        const report = await runStage(run.host, earlier, { ...options, paths: USER_DATA, override: true });
        run.steps.push(...report.steps);
        for (const problem of report.problems) run.problems.add(problem);
        run.failures.push(...report.failures);
      }
    },
    /** Targets of `config_url` (docs/contract.md 4.5). @returns whether there were any */
    runFetched: async (arrived: ReadonlyMap<string, StageFile>): Promise<boolean> => {
      const files = [...arrived].flatMap(([url, file]) => (handled.has(url) ? [] : [file]));
      for (const url of arrived.keys()) handled.add(url);
      if (files.length === 0) return false;
      for (const moment of missed.flatMap(momentsOf)) {
        for (const file of files) await runSource(run, moment, { name: file.path, files: [file] });
      }
      return missed.length > 0;
    },
  };
}

/** Notes a configuration that could not be read. Its problem begins with its name, and perhaps line and column. */
function noteUnread({ problems, failures }: Run, problem: string): void {
  if (problems.has(problem)) return;
  problems.add(problem);
  const [place = problem] = problem.split(': ', 1);
  failures.push({ place, message: problem.slice(place.length).replace(/^: /, '') });
}

interface Problem {
  readonly level: 'warn' | 'error';
  readonly problem: string;
  readonly cause?: unknown;
}

function report({ host, problems }: Run, { level, problem, cause }: Problem): void {
  host.log(level, problem);
  if (cause instanceof FactoryError) {
    for (const line of [...cause.details, ...(cause.remedy ? [cause.remedy] : [])])
      host.log(level, `  ${line}`);
  }
  problems.add(problem);
}

/** @returns whether any step ran */
async function runBuiltin(run: Run, moment: string): Promise<boolean> {
  const steps = builtinSteps(moment);
  for (const step of steps) {
    const { name } = step;
    const begin = run.host.now().getTime();
    const failed = await attempt(run, `${moment}: ${name}`, () => step.run(run.host));
    note(run, { stage: moment, file: 'builtin', name, result: failed ? 'failed' : 'done' }, begin);
  }
  return steps.length > 0;
}

/** @returns whether the step ran */
async function runStep(run: Run, moment: string, planned: PlannedStep): Promise<boolean> {
  const { file, name, step } = planned;
  const begin = run.host.now().getTime();
  const context = contextOf(run.host, step, `${file}: step "${name}" of ${moment}`);
  let holds = false;
  let failed = await attempt(run, `${file}: step "${name}" of ${moment}: conditions`, async () => {
    holds = await conditionsHold(context, step);
  });
  if (holds) {
    for (const plugin of run.plugins) {
      const value = step[plugin.key];
      if (value === undefined || value === null) continue;
      const where = `${file}: step "${name}" of ${moment}: ${plugin.key}`;
      failed = (await attempt(run, where, () => plugin.run(context, value))) || failed;
    }
  }
  const result = failed ? 'failed' : holds ? 'done' : 'skipped';
  note(run, { stage: moment, file, name, result }, begin);
  return holds;
}

/** Runs an action and reports its failure. @returns whether it failed */
async function attempt(run: Run, where: string, perform: () => Promise<void>): Promise<boolean> {
  try {
    await perform();
    return false;
  } catch (error) {
    report(run, { level: 'error', problem: `${where}: ${messageOf(error)}`, cause: error });
    run.failures.push({ place: where, message: messageOf(error) });
    return true;
  }
}

function note(run: Run, step: Omit<StepReport, 'milliseconds'>, begin: number): void {
  const milliseconds = run.host.now().getTime() - begin;
  run.steps.push({ ...step, milliseconds });
  const level = step.result === 'skipped' ? 'debug' : 'info';
  run.host.log(level, `${step.stage}: ${step.name}: ${step.result} (${milliseconds} ms)`);
}

/**
 * Machine values are collected lazily for each step that uses a template, because earlier steps can change them. Text with
 * braces that are not a template of ours, such as one of another program, stays as it is.
 */
function contextOf(host: Host, step: StageStep, where: string): PluginContext {
  let data: Promise<unknown> | undefined;
  return {
    host,
    step,
    expand: async (text) => {
      if (!text.includes('{{')) return text;
      const { expandTemplate } = await import('../../common/cloud-config/template/template.ts');
      data ??= templateData(host);
      try {
        return expandTemplate(text, await data);
      } catch (error) {
        if (!(error instanceof FactoryError)) throw error;
        host.log(
          'warn',
          `${where}: the text stays as it is, because it cannot be rendered: ${error.message}`,
        );
        return text;
      }
    },
  };
}
