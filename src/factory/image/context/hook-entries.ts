import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { ImageIdentity } from '../../../common/contract/kairos-release.ts';
import { type HookSpec, IMAGE_STAGES, type ImageStage } from '../../config/hooks.ts';
import { BUILD_HOME, runScript } from './containerfile-lines.ts';
import type { ContextEntry } from './context-tar.ts';
import { directoryEntries } from './context-tar.ts';
import { lines, program, templatePrograms, text } from './entry.ts';

/** The hooks that run inside the image build, in their order. */
export type ImageHooks = Readonly<Record<ImageStage, readonly HookSpec[]>>;

/** The instructions that run the hooks of a stage. @param home directory of the context that holds our files */
export function runHooks(hooks: ImageHooks | undefined, stage: ImageStage, home: string): string[] {
  return (hooks?.[stage] ?? []).flatMap((_, index) => {
    const place = `hooks/${stage}-${index}`;
    return [`COPY ${home}${place}/ ${BUILD_HOME}/${place}/`, runScript(`${place}/run-hook.sh`)];
  });
}

/** The files of all hooks in a build context. */
export function hookEntries(
  hooks: ImageHooks,
  { templates, identity }: { readonly templates: string; readonly identity: ImageIdentity },
): ContextEntry[] {
  const template = templatePrograms(templates);
  return IMAGE_STAGES.flatMap((stage) =>
    hooks[stage].flatMap((hook, index) => {
      const place = `hooks/${stage}-${index}`;
      return [
        template(`${place}/run-hook.sh`, 'build/run-hook.sh'),
        program(`${place}/run`, hook.run),
        text(`${place}/name`, `${stage} ${basename(hook.run)}\n`),
        text(`${place}/limit`, `${hook.timeout}\n`),
        lines(`${place}/environment`, environmentLines(stage, { hook, identity })),
        { type: 'directory' as const, path: `${place}/inputs` },
        ...hook.inputs.flatMap((input) => inputEntries(input, `${place}/inputs/${basename(input)}`)),
      ];
    }),
  );
}

function environmentLines(
  stage: ImageStage,
  { hook, identity }: { readonly hook: HookSpec; readonly identity: ImageIdentity },
): string[] {
  const { flavor, flavorRelease, variant, arch, model, version } = identity;
  const own = {
    KAIROS_HOOK: stage,
    KAIROS_FLAVOR: flavor,
    KAIROS_FLAVOR_RELEASE: flavorRelease,
    KAIROS_VARIANT: variant,
    KAIROS_TARGETARCH: arch,
    KAIROS_MODEL: model,
    KAIROS_VERSION: version,
  };
  return Object.entries({ ...hook.environment, ...own }).map(([name, value]) => `${name}=${value}`);
}

function inputEntries(input: string, path: string): ContextEntry[] {
  const stats = statSync(input);
  if (stats.isDirectory()) return directoryEntries(input, path);
  return [{ type: 'file', path, source: input, mode: stats.mode & 0o755, size: stats.size }];
}
