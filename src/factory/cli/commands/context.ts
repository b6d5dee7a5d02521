import { resolve } from 'node:path';
import { machineArch } from '../../../common/contract/architectures.ts';
import { shownPath } from '../../../common/text/shown-path.ts';
import { loadBuildSpec } from '../../config/build-spec.ts';
import { writeContext } from '../../pipeline/write-context.ts';
import { ARTIFACT_OPTIONS } from '../artifact-options.ts';
import { presentReport } from '../present-report.ts';
import { rememberLog } from '../render-error.ts';
import { createProgressRenderer } from '../render-progress.ts';
import { ranInUserNamespace } from '../user-namespace.ts';
import { warn } from '../warn.ts';
import { specCommand, specSources } from './build.ts';

/** The default output folder. */
const DEFAULT_FOLDER = 'context';

/** `kairos-factory context`: writes the build context as a folder for another builder. */
export function contextCommand() {
  return specCommand('context')
    .addOption(ARTIFACT_OPTIONS.json)
    .addOption(ARTIFACT_OPTIONS.noCache)
    .action(async ({ output: folder, ...options }) => {
      await presentReport(options, async () => {
        const spec = await loadBuildSpec(specSources(options), warn);
        if (await ranInUserNamespace()) return undefined;
        const output = resolve(folder ?? DEFAULT_FOLDER);
        const show = createProgressRenderer(process.stderr);
        const { locked = false, offline = false } = options;
        const common = { useCache: options.cache, locked, offline, onLog: rememberLog, emit: show.onEvent };
        await writeContext(spec, output, common).finally(() => show.close());
        const place = shownPath(output);
        // Without --platform, a builder makes images for its host's architecture.
        const platform = spec.arch === machineArch() ? '' : `--platform linux/${spec.arch} `;
        return { json: { output }, text: `Build it: docker build ${platform}${place}\n` };
      });
    });
}
