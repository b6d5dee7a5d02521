import { resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { builtinSteps } from '../stages/builtin/registry.ts';
import { momentsOf, planMoment } from '../stages/plan.ts';
import { runStage } from '../stages/run-stage.ts';
import { type Sources, sourceReader } from '../stages/sources.ts';
import { recordStage } from '../stages/stage-record.ts';
import type { AgentCommand } from './agent-command.ts';

/** `run-stage STAGE`: runs the steps of a stage, or prints their plan (docs/contract.md 4.6). */
export const runStageCommand: AgentCommand = ({ host, out }) =>
  new Command('run-stage')
    .description('run the steps of a stage')
    .argument('<stage>', 'stage name, such as boot')
    .option('-a, --analyze', 'print the steps in order, without running them')
    .option('-s, --strict', 'fail at the end if anything failed')
    .option(
      '--cloud-init-paths <paths>',
      'additional directories, files or URLs, separated by commas',
      (value, before: readonly string[]) => places(value, before),
      [],
    )
    .option(
      '--override-cloud-init-paths [paths]',
      'read only these paths, and those of --cloud-init-paths',
      (value, before: readonly string[] | true | undefined) => places(value, before),
    )
    .option('--json', 'print the plan or the report as JSON')
    .action(async (stage, options) => {
      const sources = {
        paths: [...listed(options.overrideCloudInitPaths), ...options.cloudInitPaths],
        override: options.overrideCloudInitPaths !== undefined,
      };
      if (options.analyze) {
        const plan = analyze(stage, await sourceReader(host, stage, { ...sources, keep: false })(), sources);
        out(options.json ? `${JSON.stringify(plan, null, 2)}\n` : renderPlan(plan));
        return;
      }
      const report = await runStage(host, stage, sources);
      if (!sources.override) await recordStage(host, report);
      if (options.json) out(`${JSON.stringify(report, null, 2)}\n`);
      if (options.strict && report.problems.length > 0) {
        throw new FactoryError('STAGE_FAILED', `stage ${stage} failed`, {
          details: report.problems,
          remedy: 'Correct the configuration, or run the stage without --strict.',
        });
      }
    });

type Listed = readonly string[] | true | undefined;

/** The paths of a flag that may also stand without any. */
function listed(paths: Listed): readonly string[] {
  return Array.isArray(paths) ? paths : [];
}

/** Adds paths, separated by commas, to those of the same flag before; relative ones count from the working directory. */
function places(value: string, before: Listed): readonly string[] {
  const added = value.split(',').filter((place) => place !== '');
  return [...listed(before), ...added.map((place) => (/^\w+:\/\//.test(place) ? place : resolve(place)))];
}

interface StagePlan {
  readonly moments: readonly {
    readonly stage: string;
    readonly steps: readonly {
      readonly file: string;
      readonly name: string;
      readonly does: readonly string[];
    }[];
  }[];
  readonly problems: readonly string[];
}

/** Keys of a step that are not actions. */
const ABOUT = ['name', 'after'];

function analyze(
  stage: string,
  { sources, problems }: Sources,
  { override }: { readonly override: boolean },
): StagePlan {
  const plans = momentsOf(stage).map((moment) => ({ moment, plan: planMoment(moment, sources) }));
  return {
    moments: plans.map(({ moment, plan }) => ({
      stage: moment,
      steps: [
        ...(override ? [] : builtinSteps(moment)).map(({ name }) => ({ file: 'builtin', name, does: [] })),
        ...plan.steps.map(({ file, name, step }) => ({
          file,
          name,
          does: Object.keys(step).filter((key) => !ABOUT.includes(key)),
        })),
      ],
    })),
    problems: [...problems, ...plans.flatMap(({ plan }) => plan.problems)],
  };
}

function renderPlan({ moments, problems }: StagePlan): string {
  const lines = moments.flatMap(({ stage, steps }) => [
    stage,
    ...steps.map(({ file, name, does }, index) => `  ${index + 1}. ${name}: ${does.join(', ')} (${file})`),
  ]);
  return [...lines, ...problems.map((problem) => `problem: ${problem}`), ''].join('\n');
}
