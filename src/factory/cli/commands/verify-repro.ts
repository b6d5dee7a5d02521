import { EXIT_STATUS } from '../../../common/errors/factory-error.ts';
import { loadBuildTargets } from '../../config/build-spec.ts';
import { verifyRepro } from '../../pipeline/verify-repro.ts';
import { ARTIFACT_OPTIONS, gather } from '../artifact-options.ts';
import { presentReport } from '../present-report.ts';
import { rememberLog } from '../render-error.ts';
import { renderRepro } from '../render-repro.ts';
import { ranInUserNamespace } from '../user-namespace.ts';
import { warn } from '../warn.ts';
import { specCommand, specSources } from './build.ts';

const NAME = 'verify-repro';

/** `kairos-factory verify-repro`: does a second build give the same bytes? */
export function verifyReproCommand() {
  return specCommand(NAME)
    .description('build twice, and tell whether both give the same bytes; exit status 5 when they do not')
    .option('--only <names>', 'these targets of the configuration alone: names or patterns, a,b*', gather)
    .addOption(ARTIFACT_OPTIONS.json)
    .action(async (options) => {
      if (await ranInUserNamespace()) return;
      await presentReport(options, async () => {
        const targets = await loadBuildTargets(specSources(options), options.only ?? [], warn);
        const [, script = '', ...words] = process.argv;
        const report = await verifyRepro(targets, {
          program: [process.execPath, ...process.execArgv, script],
          // The flags are those of build, which reads them again: only the name of this command and --json are not.
          flags: words.slice(words.indexOf(NAME) + 1).filter((word) => word !== '--json'),
          onLine: (line) => process.stderr.write(`${line}\n`),
          onLog: rememberLog,
        });
        const status = report.isReproducible ? 0 : EXIT_STATUS.verification;
        return { json: report, text: renderRepro(report), status };
      });
    });
}
