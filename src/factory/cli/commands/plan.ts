import { Option } from '@commander-js/extra-typings';
import { ARTIFACT_OPTIONS, gather, runOptions } from '../artifact-options.ts';
import { GROUPS } from '../option-groups.ts';
import { PROVE_OPTION } from '../prove-options.ts';
import { presentTargets } from '../run-targets.ts';
import { SIGN_OPTION } from '../sign-options.ts';
import { publishedTargets, specCommand, specSources } from './build.ts';

/** `kairos-factory plan`: what a build would do, and what that is expected to take; the same as `build --plan`. */
export function planCommand() {
  return specCommand('plan')
    .optionsGroup(GROUPS.targets)
    .option('--only <names>', 'plan only these targets of the configuration: names or patterns, a,b*', gather)
    .optionsGroup(GROUPS.run)
    .addOption(
      new Option('--mermaid', 'print the graph of the steps as a diagram for Mermaid').conflicts('json'),
    )
    .addOption(ARTIFACT_OPTIONS.push)
    .addOption(SIGN_OPTION)
    .addOption(PROVE_OPTION)
    .addOption(ARTIFACT_OPTIONS.json)
    .addOption(ARTIFACT_OPTIONS.noCache)
    .action(async (options) => {
      const { push, sign, prove, only = [], mermaid } = options;
      const load = () => publishedTargets(specSources(options), { push, sign, prove }, only);
      await presentTargets(load, { ...runOptions(options), plan: true, mermaid });
    });
}
