import { Command } from '@commander-js/extra-typings';
import { loadLockSpec } from '../../config/command-specs.ts';
import { inspect } from '../../inspect/artifact/inspect.ts';
import { withArtifacts } from '../../pipeline/inspect-artifact.ts';
import { ARTIFACT_OPTIONS, configurationFile } from '../artifact-options.ts';
import { GROUPS } from '../option-groups.ts';
import { presentReport } from '../present-report.ts';
import { rememberLog } from '../render-error.ts';
import { renderInspection } from '../render-inspection.ts';
import { say } from '../say.ts';

/** `kairos-factory inspect`: describes an artifact, an image or a folder. */
export function inspectCommand() {
  return new Command('inspect')
    .argument(
      '<what>',
      'an ISO, disk image (raw, qcow2), squashfs, slot image, extension, SBOM or other document; a root (directory or tar); the output of a build; a release; an OCI layout; or an image: docker://REGISTRY/NAME:TAG, docker-daemon:NAME[:TAG], oci:DIR[:TAG], docker-archive:FILE',
    )
    .optionsGroup(GROUPS.general)
    .option('--arch <name>', 'architecture to choose of a multi-architecture image')
    .option('--no-content', 'do not download the layers of an image in a registry')
    .addOption(ARTIFACT_OPTIONS.config)
    .addOption(ARTIFACT_OPTIONS.set)
    .option('--json', 'print the report as JSON on stdout')
    .action(async (what, options) => {
      await presentReport(options, async () => {
        const { registries } = await loadLockSpec({
          ...configurationFile(options.config),
          set: options.set ?? [],
          flags: {},
        });
        const { arch, content } = options;
        const report = await withArtifacts(
          { registries, arch, content, say, onLog: rememberLog },
          (context) => inspect(what, context),
        );
        return { json: report, text: renderInspection(report), isAnswer: true };
      });
    });
}
