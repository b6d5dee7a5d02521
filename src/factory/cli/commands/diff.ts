import { Command } from '@commander-js/extra-typings';
import { EXIT_STATUS } from '../../../common/errors/factory-error.ts';
import { loadLockSpec } from '../../config/build-spec.ts';
import { diffSubjects } from '../../pipeline/diff-subjects.ts';
import { ARTIFACT_OPTIONS, configurationFile } from '../artifact-options.ts';
import { renderDifference } from '../render-diff.ts';
import { describeError, rememberLog } from '../render-error.ts';
import { handedOver } from '../run-job.ts';

const SUBJECT =
  'an output directory, an OCI layout, a squashfs, ISO, raw or qcow2, a root (directory or tar), or an image: docker://REGISTRY/NAME:TAG, docker-daemon:NAME[:TAG], oci:DIR[:TAG], docker-archive:FILE';

/** `kairos-factory diff`: what differs between two images or artifacts. */
export function diffCommand() {
  return new Command('diff')
    .description('tell what differs between two images or artifacts; exit status 5 when something does')
    .argument('<a>', SUBJECT)
    .argument('<b>', 'the same')
    .option('--all', 'show every file, however many there are')
    .option('--arch <name>', 'which of an image that is for several architectures')
    .option('--json', 'print all that differs as JSON on stdout')
    .addOption(ARTIFACT_OPTIONS.config)
    .addOption(ARTIFACT_OPTIONS.set)
    .action(async (a, b, options) => {
      if (await handedOver()) return;
      try {
        const { registries } = await loadLockSpec({
          ...configurationFile(options.config),
          set: options.set ?? [],
          flags: {},
        });
        const difference = await diffSubjects(a, b, { arch: options.arch, registries, onLog: rememberLog });
        process.stdout.write(
          options.json
            ? `${JSON.stringify(difference, null, 2)}\n`
            : renderDifference(difference, options.all ?? false),
        );
        // Not an error: the answer was found. Still no status that a script could take for a defect of ours.
        if (!difference.isSame) process.exitCode = EXIT_STATUS.verification;
      } catch (error) {
        if (options.json)
          process.stdout.write(`${JSON.stringify({ error: describeError(error) }, null, 2)}\n`);
        throw error;
      }
    });
}
