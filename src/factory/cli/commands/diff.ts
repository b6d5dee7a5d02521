import { Command } from '@commander-js/extra-typings';
import { EXIT_STATUS } from '../../../common/errors/factory-error.ts';
import { loadLockSpec } from '../../config/command-specs.ts';
import { diffSubjects } from '../../pipeline/diff-subjects.ts';
import { ARTIFACT_OPTIONS, configurationFile } from '../artifact-options.ts';
import { GROUPS } from '../option-groups.ts';
import { presentReport } from '../present-report.ts';
import { renderDifference } from '../render-diff.ts';
import { rememberLog } from '../render-error.ts';
import { ranInUserNamespace } from '../user-namespace.ts';

const SUBJECT =
  'an output directory, an OCI layout, a squashfs, ISO, raw, qcow2, VHD or VMDK, a root (directory or tar), or an image: docker://REGISTRY/NAME:TAG, docker-daemon:NAME[:TAG], oci:DIR[:TAG], docker-archive:FILE';

/** `kairos-factory diff`: compares two images or artifacts. */
export function diffCommand() {
  return new Command('diff')
    .argument('<a>', SUBJECT)
    .argument('<b>', 'the same')
    .optionsGroup(GROUPS.general)
    .option('--all', 'show all files in long lists')
    .option('--arch <name>', 'architecture to compare of a multi-architecture image')
    .option('--json', 'print all differences as JSON on stdout')
    .addOption(ARTIFACT_OPTIONS.config)
    .addOption(ARTIFACT_OPTIONS.set)
    .action(async (a, b, options) => {
      if (await ranInUserNamespace()) return;
      await presentReport(options, async () => {
        const { registries } = await loadLockSpec({
          ...configurationFile(options.config),
          set: options.set ?? [],
          flags: {},
        });
        const difference = await diffSubjects(a, b, { arch: options.arch, registries, onLog: rememberLog });
        return {
          json: difference,
          text: renderDifference(difference, options),
          // A difference is a result, not an error, and its status differs from that of a defect.
          status: difference.isSame ? 0 : EXIT_STATUS.verification,
          isAnswer: true,
        };
      });
    });
}
