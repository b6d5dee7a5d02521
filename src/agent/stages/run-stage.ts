import type { StageStep } from '../../common/cloud-config/step-schema.ts';
import { expandTemplate } from '../../common/cloud-config/template/template.ts';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { templateData } from '../facts/template-data.ts';
import { builtinSteps } from './builtin/registry.ts';
import { conditionsHold } from './conditions.ts';
import { momentsOf, type PlannedStep, planMoment } from './plan.ts';
import type { Plugin, PluginContext } from './plugin.ts';
import { PLUGINS } from './plugins.ts';
import { type SourceOptions, type Sources, sourceReader } from './sources.ts';

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
}

interface Run {
  readonly host: Host;
  readonly plugins: readonly Plugin[];
  readonly steps: StepReport[];
  readonly problems: Set<string>;
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
  };
  await runMoments(run, stage, options);
  return {
    stage,
    milliseconds: host.now().getTime() - begin,
    steps: run.steps,
    problems: [...run.problems],
  };
}

async function runMoments(run: Run, stage: string, options: StageOptions): Promise<void> {
  const { host } = run;
  const read = sourceReader(host, stage, options);
  let sources: Sources = { sources: [], problems: [] };
  let stale = true;
  const early = options.override || stage !== 'network' || (await hasUserData(host));
  for (const moment of momentsOf(stage)) {
    if (!options.override) stale = (await runBuiltin(run, moment)) || stale;
    // Steps may add configurations for the next moment, as a datasource does (docs/contract.md 4.9).
    if (stale) sources = await read();
    stale = await runSources(run, moment, sources);
    if (!early && moment === stage && (await hasUserData(host))) {
      await catchUp(run, options);
      stale = true;
    }
  }
}

/** Runs the steps that the sources have for a moment. @returns whether any step ran */
async function runSources(run: Run, moment: string, { sources, problems }: Sources): Promise<boolean> {
  for (const problem of problems) run.problems.add(problem);
  const plan = planMoment(moment, sources);
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

/** Runs the earlier stages of user data that arrived only with the network (docs/contract.md 4.9). */
async function catchUp(run: Run, options: StageOptions): Promise<void> {
  for (const stage of ['initramfs', 'boot']) {
    const report = await runStage(run.host, stage, { ...options, paths: USER_DATA, override: true });
    run.steps.push(...report.steps);
    for (const problem of report.problems) run.problems.add(problem);
  }
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
