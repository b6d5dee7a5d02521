import { EXIT_STATUS } from '../../../common/errors/factory-error.ts';
import { loadBuildTargets } from '../../config/build-spec.ts';
import { verifyRepro } from '../../pipeline/verify-repro.ts';
import { ARTIFACT_OPTIONS, gather } from '../artifact-options.ts';
import { GROUPS } from '../option-groups.ts';
import { presentReport } from '../present-report.ts';
import { rememberLog } from '../render-error.ts';
import { renderRepro } from '../render-repro.ts';
import { say } from '../say.ts';
import { ranInUserNamespace } from '../user-namespace.ts';
import { warn } from '../warn.ts';
import { specCommand, specSources } from './build.ts';

const NAME = 'verify-repro';

/** `kairos-factory verify-repro`: checks whether a second build gives the same bytes. */
export function verifyReproCommand() {
  return specCommand(NAME)
    .optionsGroup(GROUPS.targets)
    .option('--only <names>', 'only these targets of the configuration: names or patterns, a,b*', gather)
    .addOption(ARTIFACT_OPTIONS.json)
    .addOption(ARTIFACT_OPTIONS.allowHostHooks)
    .action(async (options) => {
      if (await ranInUserNamespace()) return;
      await presentReport(options, async () => {
        const targets = await loadBuildTargets(specSources(options), options.only ?? [], warn);
        const [, script = '', ...words] = process.argv;
        const report = await verifyRepro(targets, {
          program: [process.execPath, ...process.execArgv, script],
          // Pass the flags to build, without the name of this command and --json.
          flags: words.slice(words.indexOf(NAME) + 1).filter((word) => word !== '--json'),
          onLine: say,
          onLog: rememberLog,
        });
        const status = report.isReproducible ? 0 : EXIT_STATUS.verification;
        return { json: report, text: renderRepro(report), status, isAnswer: true };
      });
    });
}
