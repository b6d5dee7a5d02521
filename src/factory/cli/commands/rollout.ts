import { resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { shownPath } from '../../../common/text/shown-path.ts';
import { progressOf, type RolloutState } from '../../rollout/state.ts';
import {
  defaultStateDirectory,
  isPaused,
  isRunning,
  readState,
  setPaused,
} from '../../rollout/state-directory.ts';
import { ARTIFACT_OPTIONS } from '../artifact-options.ts';
import { GROUPS } from '../option-groups.ts';
import { type CommandReport, presentReport } from '../present-report.ts';
import { renderPlan, renderStatus, statusJson } from '../render-rollout.ts';
import { continueRollout, failureOf, planRollout, type RolloutPlace } from '../rollout-work.ts';

const FILE = 'rollout.yaml';

/** `kairos-factory rollout plan|run|pause|resume|status`: upgrades nodes over SSH, in waves, each of which is proven. */
export function rolloutCommand() {
  const command = new Command('rollout');
  command.addCommand(
    subcommand(
      'plan',
      'resolve the image, ask each node what it runs, and show the waves; changes no node',
      plan,
    ),
  );
  command.addCommand(
    subcommand(
      'run',
      'upgrade the nodes, wave by wave, or continue; stop at the first node that is not proven',
      (place) => work(place, { retry: false }),
    ),
  );
  command.addCommand(
    subcommand('pause', 'begin no further node; those in work are brought to their end', pause),
  );
  command.addCommand(
    subcommand(
      'resume',
      'continue after a pause, or try the nodes that failed again, and then the others',
      resume,
    ),
  );
  command.addCommand(
    subcommand(
      'status',
      'show where each node is, and why one failed; exit status 5 after a failure',
      status,
    ),
  );
  return command;
}

/** What all of them take. */
function subcommand(
  name: string,
  description: string,
  body: (place: RolloutPlace) => Promise<CommandReport>,
) {
  return new Command(name)
    .description(description)
    .argument('[file]', 'file of the rollout', FILE)
    .optionsGroup(GROUPS.run)
    .option(
      '--state <directory>',
      'directory with the state of the rollout (default: beside the file, with the ending .state)',
    )
    .addOption(ARTIFACT_OPTIONS.json)
    .action(async (file, { state, json }) => {
      const directory = resolve(state ?? defaultStateDirectory(file));
      await presentReport({ json }, () => body({ file, directory }));
    });
}

async function plan(place: RolloutPlace): Promise<CommandReport> {
  const { state, survey } = await planRollout(place);
  return {
    json: { ...state.plan, nodes: Object.fromEntries(survey) },
    text: renderPlan(state, survey),
    isAnswer: true,
  };
}

async function resume(place: RolloutPlace): Promise<CommandReport> {
  const known = await requireState(place);
  await setPaused(place.directory, { paused: false });
  if (!(await isRunning(place.directory))) return work(place, { retry: true });
  return {
    json: statusJson(known, { paused: false, running: true }),
    text: 'The pause has ended; the process that runs the rollout continues.\n',
  };
}

async function pause(place: RolloutPlace): Promise<CommandReport> {
  const known = await requireState(place);
  await setPaused(place.directory, { paused: true });
  const running = await isRunning(place.directory);
  return {
    json: statusJson(known, { paused: true, running }),
    text: running
      ? 'Paused: the process that runs the rollout ends after the nodes in work.\n'
      : 'Paused: "rollout run" begins no node until "rollout resume".\n',
  };
}

async function status(place: RolloutPlace): Promise<CommandReport> {
  const known = await requireState(place);
  const [paused, running] = [await isPaused(place.directory), await isRunning(place.directory)];
  return {
    json: statusJson(known, { paused, running }),
    text: renderStatus(known, { paused, running }),
    isAnswer: true,
    failures: progressOf(known) === 'failed' ? [failureOf(known)] : [],
  };
}

async function work(place: RolloutPlace, { retry }: { readonly retry: boolean }): Promise<CommandReport> {
  const { state, failure } = await continueRollout(place, { retry });
  const activity = { paused: await isPaused(place.directory), running: false };
  return {
    json: statusJson(state, activity),
    text: renderStatus(state, activity),
    failures: failure === undefined ? [] : [failure],
  };
}

/** @throws FactoryError `usage` without a plan */
async function requireState({ file, directory }: RolloutPlace): Promise<RolloutState> {
  const state = await readState(directory);
  if (state !== undefined) return state;
  throw new FactoryError('ROLLOUT_UNPLANNED', `${shownPath(directory)} has no rollout`, {
    remedy: `Plan it with "rollout plan ${file}", or name its directory with --state.`,
  });
}
