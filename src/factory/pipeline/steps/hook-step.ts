import { basename } from 'node:path';
import type { ArtifactKind } from '../../config/artifact-kinds.ts';
import type { HostStage } from '../../config/hooks.ts';
import type { BuildSpec } from '../../config/schema.ts';
import { defineStep, fileOf, NO_FACTS, type Results, type Step } from '../step.ts';
import { artifactKey } from './artifact-keys.ts';
import { hookDigests } from './hook-digests.ts';

/** What a step of hooks runs, and after what. */
export interface HookStepOptions {
  readonly stage: HostStage;
  /** Ids of the steps that come before. */
  readonly needs: readonly string[];
  /** The artifacts that are there by then. */
  readonly kinds: readonly ArtifactKind[];
}

/**
 * The step that runs the hooks of a stage on this machine, one after the other. Its result is cached: without a change of the hooks,
 * of their inputs, and of what comes before, they do not run again.
 */
export function hookStep(
  spec: Pick<BuildSpec, 'hooks' | 'output' | 'version' | 'arch'>,
  { stage, needs, kinds }: HookStepOptions,
): Step {
  const hooks = spec.hooks[stage];
  return defineStep(
    { id: `hooks:${stage}`, facts: NO_FACTS },
    {
      title: `run hooks ${stage}`,
      needs,
      inputs: async () => [await hookDigests(hooks), spec.output, spec.version, spec.arch],
      run: async ({ runner, say }, results) => {
        for (const { run, environment, timeout } of hooks) {
          say(`running ${basename(run)}`);
          const tool = {
            name: run,
            package: '',
            purpose: 'a hook',
            install: `Make it executable: chmod +x ${run}`,
          };
          await runner.run(tool, [], {
            cwd: process.cwd(),
            timeout: timeout * 1000,
            env: {
              ...environment,
              KAIROS_HOOK: stage,
              KAIROS_OUTPUT: spec.output,
              KAIROS_ARTIFACTS: artifactFiles(kinds, results).join('\n'),
              KAIROS_VERSION: spec.version,
              KAIROS_TARGETARCH: spec.arch,
            },
          });
        }
        return { facts: {}, files: {} };
      },
    },
  );
}

function artifactFiles(kinds: readonly ArtifactKind[], results: Results): string[] {
  return kinds.map((kind) => fileOf(results, artifactKey(kind).id, 'artifact'));
}
