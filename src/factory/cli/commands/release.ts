import { ARTIFACT_OPTIONS, gather, runOptions } from '../artifact-options.ts';
import { GROUPS } from '../option-groups.ts';
import { NO_PROVE_OPTION, PROVE_OPTION } from '../prove-options.ts';
import { presentRelease } from '../run-release.ts';
import { NO_SIGN_OPTION, SIGN_OPTION } from '../sign-options.ts';
import { publishedTargets, specCommand, specSources } from './build.ts';

/** `kairos-factory release`: builds all targets of a configuration and collects them in one folder to publish. */
export function releaseCommand() {
  return specCommand('release')
    .optionsGroup(GROUPS.targets)
    .option('--previous <release>', 'release to compare packages with: folder, https://…, docker://…')
    .option('--only <names>', 'build only these targets, and leave the release unfinished', gather)
    .option('--continue-on-error', 'continue with the other targets when one fails')
    .addOption(ARTIFACT_OPTIONS.push)
    .addOption(ARTIFACT_OPTIONS.noPush)
    .addOption(SIGN_OPTION)
    .addOption(NO_SIGN_OPTION)
    .addOption(PROVE_OPTION)
    .addOption(NO_PROVE_OPTION)
    .addOption(ARTIFACT_OPTIONS.plan)
    .addOption(ARTIFACT_OPTIONS.json)
    .addOption(ARTIFACT_OPTIONS.noCache)
    .addOption(ARTIFACT_OPTIONS.allowHostHooks)
    .action(async (options) => {
      const { flags, ...sources } = specSources(options);
      // Here, --output is the folder of the release; the output of builds is that of the configuration.
      const { output, ...rest } = flags as Record<string, unknown>;
      const own = { ...rest, 'release-output': output, 'release-previous': options.previous };
      const { push, sign, prove, plan, allowHostHooks = plan ?? false } = options;
      const publishing = { push, sign, prove, allowHostHooks };
      const all = () => publishedTargets({ ...sources, flags: own }, publishing, []);
      await presentRelease(all, options.only ?? [], runOptions(options));
    });
}
