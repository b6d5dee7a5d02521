import { EXIT_STATUS, FactoryError } from '../../../common/errors/factory-error.ts';
import type { Check } from '../../machine/check.ts';
import { planFix } from '../../machine/plan-fix.ts';
import { examineMachine } from '../../pipeline/examine-machine.ts';
import type { Target } from '../../pipeline/target.ts';
import { type HostSystem, hostSystem } from '../../tools/host-packages.ts';
import { createRunner } from '../../tools/runner.ts';
import { applyCommands } from '../apply-fix.ts';
import { ARTIFACT_OPTIONS } from '../artifact-options.ts';
import { GROUPS } from '../option-groups.ts';
import { type CommandReport, presentReport } from '../present-report.ts';
import { PROVE_OPTION } from '../prove-options.ts';
import { renderDoctor } from '../render-doctor.ts';
import { SIGN_OPTION } from '../sign-options.ts';
import { warn } from '../warn.ts';
import { publishedTargets, specCommand, specSources } from './build.ts';

/** `kairos-factory doctor`: says what this machine lacks for a build, and fixes it. */
export function doctorCommand() {
  return specCommand('doctor')
    .optionsGroup(GROUPS.machine)
    .option('--fix', 'install what is missing, after saying and asking how')
    .option('--yes', 'with --fix: do not ask')
    .addOption(ARTIFACT_OPTIONS.push)
    .addOption(SIGN_OPTION)
    .addOption(PROVE_OPTION)
    .addOption(ARTIFACT_OPTIONS.json)
    .action(async (options) => {
      const { push, sign, prove, fix = false, yes = false, json = false } = options;
      if (yes && !fix)
        throw new FactoryError('OPTION_CONFLICT', '--yes answers the question of --fix, which is not given', {
          remedy: 'Add --fix.',
        });
      const { signal } = new AbortController();
      const runner = createRunner({ signal, log: () => undefined, env: process.env });
      const { output } = options;
      const context = { runner, signal, env: process.env, system: hostSystem(), output };
      await presentReport({ json }, async () => {
        const targets = await wantedTargets(options, { push, sign, prove });
        const checks = await examineMachine(targets, context);
        const isFixed = fix && (await fixMachine(checks, { yes, system: context.system }));
        return doctorReport(isFixed ? await examineMachine(targets, context) : checks, context.system);
      });
    });
}

type Options = ReturnType<ReturnType<typeof specCommand>['opts']>;
type Publishing = Parameters<typeof publishedTargets>[1];

/** The targets that flags or a configuration file describe; `undefined` without either. */
async function wantedTargets(
  options: Options,
  publishing: Publishing,
): Promise<readonly Target[] | undefined> {
  const sources = specSources(options);
  // The directory of the output alone is a place to look at, and not a build.
  const flags = Object.entries({ ...sources.flags, ...publishing }).filter(([name]) => name !== 'output');
  const isGiven = flags.some(([, value]) => value !== undefined);
  if (!isGiven && sources.file === undefined && sources.set.length === 0) return undefined;
  return publishedTargets(sources, publishing, []);
}

async function fixMachine(
  checks: readonly Check[],
  { yes, system }: { readonly yes: boolean; readonly system: HostSystem },
): Promise<boolean> {
  const { commands, left } = planFix(checks, system);
  for (const { name, problem = '' } of left) warn(`no command fixes ${name}: ${problem}`);
  if (commands.length === 0) return false;
  return await applyCommands(commands, { yes, input: process.stdin, output: process.stderr });
}

/** The report on checks; its exit status is that of a missing tool if a build would fail. */
function doctorReport(checks: readonly Check[], system: HostSystem): CommandReport {
  const faults = checks.filter(({ state }) => state === 'fault');
  const { commands } = planFix(checks, system);
  const fixes = commands.map((words) => words.join(' '));
  const isReady = faults.length === 0;
  const verdict = isReady
    ? 'This machine has everything that is needed.\n'
    : `${faults.length} ${faults.length === 1 ? 'thing is' : 'things are'} missing.${
        fixes.length === 0
          ? ''
          : ` Run this, or the same with --fix:\n${fixes.map((fix) => `  ${fix}\n`).join('')}`
      }`;
  return {
    isAnswer: true,
    json: { ready: isReady, system: { name: system.name, packageManager: system.manager }, checks, fixes },
    text: `${renderDoctor(checks, system)}\n${verdict.trimEnd()}\n`,
    status: isReady ? 0 : EXIT_STATUS.tool,
  };
}
