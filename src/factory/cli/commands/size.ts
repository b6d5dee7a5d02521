import { Command } from '@commander-js/extra-typings';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { loadPushSpec } from '../../config/command-specs.ts';
import { parseMebibytes } from '../../config/size.ts';
import { requireBudget } from '../../inspect/size/budget.ts';
import { sizeReport } from '../../inspect/size/size-report.ts';
import { withArtifacts } from '../../pipeline/inspect-artifact.ts';
import { ARTIFACT_OPTIONS, configurationFile } from '../artifact-options.ts';
import { GROUPS } from '../option-groups.ts';
import { presentReport } from '../present-report.ts';
import { rememberLog } from '../render-error.ts';
import { renderSize } from '../render-size.ts';
import { say } from '../say.ts';

/** `kairos-factory size`: shows what makes an image large, and checks it against a budget. */
export function sizeCommand() {
  return new Command('size')
    .argument(
      '[what]',
      'an ISO, disk image, squashfs or slot image; a root (directory or tar); the output of a build; a release; an OCI layout; or an image, as in inspect (default: the output directory)',
    )
    .optionsGroup(GROUPS.general)
    .option('--compare <other>', 'show what takes more or less room than in another one')
    .option('--budget <size>', 'fail if the files take more, unpacked: 300MiB, 1.5GiB', budget)
    .option('--all', 'show all lines of long lists')
    .option('--arch <name>', 'architecture to choose of a multi-architecture image')
    .addOption(ARTIFACT_OPTIONS.config)
    .addOption(ARTIFACT_OPTIONS.set)
    .option('--json', 'print the report as JSON on stdout')
    .action(async (what, options) => {
      await presentReport(options, async () => {
        const { registries, output } = await loadPushSpec({
          ...configurationFile(options.config),
          set: options.set ?? [],
          flags: {},
        });
        const { arch, compare, budget: limit } = options;
        const reading = { registries, arch, content: true, say, onLog: rememberLog };
        const report = await withArtifacts(reading, (context) =>
          sizeReport(what ?? output, compare, context),
        );
        const text = renderSize(report, options);
        const answer = { json: report, text, isAnswer: true };
        if (limit === undefined) return answer;
        try {
          requireBudget({ name: report.subject, size: report, difference: report.compared }, limit);
        } catch (failure) {
          // The report is what a person needs to get below the budget.
          return { ...answer, failures: [failure] };
        }
        return answer;
      });
    });
}

function budget(text: string): number {
  const size = parseMebibytes(text);
  if (size !== undefined && size > 0) return size;
  throw new FactoryError('OPTION_INVALID', `--budget ${text} is not a size in whole MiB`, {
    remedy: 'Write, for example, 300MiB or 1.5GiB.',
  });
}
