import type { BuildReport } from '../../pipeline/build-report.ts';
import type { NamedBuild } from '../../pipeline/target.ts';
import type { OutputDirectory } from '../../pipeline/workspace.ts';
import type { Runner } from '../../tools/runner.ts';

/** An OS image in a registry. */
export interface PushedImage {
  /** `HOST/NAME`. */
  readonly reference: string;
  /** Digest of the manifest: `sha256:…`. */
  readonly digest: string;
  readonly tags: readonly string[];
}

/** The context that ports work in. */
export interface PortContext {
  readonly runner: Runner;
  readonly signal: AbortSignal;
  /** Directory for short-lived files. */
  readonly work: string;
  /** Shows the current activity. */
  readonly say: (text: string) => void;
}

/** Operations of signing and registries that a release uses. Each is optional. */
export interface ReleasePorts {
  /**
   * Signs `SHA256SUMS` and the files that it lists: writes a Sigstore bundle `FILE.sigstore.json` next to each file, and
   * for an image layout next to its directory. Valid bundles stay unchanged.
   */
  readonly sign?: (folder: OutputDirectory, context: PortContext) => Promise<void>;
  /** Verifies these bundles. Throws FactoryError `verification` when a bundle is not valid. */
  readonly verify?: (folder: string, context: PortContext) => Promise<void>;
  /** Pushes the OS image of a built target, if configured, and returns where it is. Throws FactoryError on failure. */
  readonly pushImage?: (
    build: NamedBuild,
    report: BuildReport,
    context: PortContext,
  ) => Promise<PushedImage | undefined>;
}
