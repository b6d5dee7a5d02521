import { FactoryError } from '../../common/errors/factory-error.ts';
import type { RootShell } from '../engine/container-engine.ts';

/** Refuses a shell where nobody can type into it. @throws FactoryError `usage` */
export function requireTerminal({ json }: { readonly json: boolean }): void {
  if (process.stdin.isTTY && process.stdout.isTTY && !json) return;
  throw new FactoryError('OPTION_CONFLICT', '--shell-on-failure needs a terminal for its shell', {
    remedy: 'Run the command on a terminal, without --json; in CI, leave the option out and read the log.',
  });
}

/** Opens a shell in the root of a build that failed. @param closeDisplay ends the display of the steps */
export function failedRootShell(closeDisplay: () => Promise<void>): (root: RootShell) => Promise<void> {
  return async (root) => {
    await closeDisplay();
    process.stderr.write(
      `\nThe build failed. This shell is in ${root.what}; what it changes is discarded. Leave it with exit.\n`,
    );
    await root.open();
  };
}
