import { writeFile } from 'node:fs/promises';
import { Command } from '@commander-js/extra-typings';
import { PLACE } from '../../farm/places.ts';
import { prepareBuild, readPlan } from '../../farm/prepare-build.ts';
import { reportBuild } from '../../farm/report-build.ts';
import { say } from '../say.ts';

/** Where the kubelet reads what a container has to say at its end. */
const TERMINATION_LOG = '/dev/termination-log';

/** `kairos-factory farm prepare|report`: what the pods of the build farm do before and after a build. */
export function farmCommand() {
  const command = new Command('farm');
  command.addCommand(
    new Command('prepare')
      .description(
        'in a pod: clear the volume of other builds, render the Containerfile, collect certificates',
      )
      .argument('<plan>', 'the plan of the build')
      .action(async (plan) => prepareBuild(await readPlan(plan))),
  );
  command.addCommand(
    new Command('report')
      .description('in a pod: name the artifacts, and say in the termination log what they are')
      .argument('<plan>', 'the plan of the build')
      .action(async (plan) => {
        const report = await reportBuild(await readPlan(plan), PLACE.artifacts);
        await writeFile(TERMINATION_LOG, report);
        say(`${report}\n`);
      }),
  );
  return command;
}
