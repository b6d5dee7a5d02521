import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { expect, test } from 'vitest';
import { createAgentProgram } from '../../src/agent/program.ts';
import { systemHost } from '../../src/common/host/system-host.ts';
import { createWholeProgram } from '../../src/factory/cli/program.ts';
import { projectFiles } from './project-files.ts';

/** Flags of other programs that pages name. */
const OF_OTHERS: Readonly<Record<string, readonly string[]>> = {
  agetty: ['--autologin', '--keep-baud'],
  'apt-get': ['--no-install-recommends'],
  buildctl: ['--progress'],
  cosign: [
    ...['--digest', '--new-bundle-format', '--out', '--output-key-prefix', '--tlog-upload', '--type'],
    '--use-signing-config',
  ],
  cp: ['--sparse'],
  docker: [
    '--filter',
    '--password-stdin',
    '--privileged',
    '--rm',
    '--security-opt',
    '--username',
    '--volume',
  ],
  'kairos-init': ['--provider', '--provider-k3s-version', '--skip-step'],
  helm: ['--create-namespace'],
  kubectl: ['--all-containers', '--for'],
  npm: ['--global'],
  oras: ['--artifact-type'],
  'scripts/setup': ['--buildkit', '--cluster', '--test'],
  sha256sum: ['--check', '--ignore-missing'],
  systemctl: ['--failed'],
  'systemd-dissect': ['--validate'],
  'update-binfmts': ['--enable'],
  vitest: ['--project'],
};
/** What upstream had, and why something was decided, is history; and changes name flags that were there. */
const PAGES =
  /^(?:docs\/(?!contract\.md$)[^/]+\.md|README\.md|ARCHITECTURE\.md|CONTRIBUTING\.md|SECURITY\.md)$/;

function flagsOf(command: CommandUnknownOpts): (string | undefined)[] {
  // Of two long forms, commander calls the first the short one.
  const own = command.options.flatMap(({ long, short }) => [long, short]);
  return [...own, ...command.commands.flatMap(flagsOf)];
}

test('pages name flags of our programs that exist, and otherwise those of known programs', async () => {
  const agent = await createAgentProgram({ host: systemHost(() => undefined), out: () => undefined });
  const known = new Set([...flagsOf(await createWholeProgram()), ...flagsOf(agent), '--help', '--version']);
  const found = [...(await projectFiles())].flatMap(([path, text]) =>
    PAGES.test(path) ? [...text.matchAll(/(?<![\w-])--[a-z][a-z0-9-]*/g)].map(([flag]) => flag) : [],
  );
  expect(found.length).toBeGreaterThan(500);
  const others = new Set(found.filter((flag) => !known.has(flag)));
  expect([...others].sort()).toEqual(Object.values(OF_OTHERS).flat().sort());
});
