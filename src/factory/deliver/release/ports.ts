import type { BuildReport } from '../../pipeline/build-report.ts';
import type { NamedBuild } from '../../pipeline/target.ts';
import type { OutputDirectory } from '../../pipeline/workspace.ts';
import type { Runner } from '../../tools/runner.ts';

/** An OS image in a registry. */
export interface PushedImage {
  /** `HOST/NAME`. */
  readonly reference: string;
  /** Of the manifest: `sha256:…`. */
  readonly digest: string;
  readonly tags: readonly string[];
}

/** What ports may use. */
export interface PortContext {
  readonly runner: Runner;
  readonly signal: AbortSignal;
  /** Directory for short-lived files. */
  readonly work: string;
  /** Tells the person what is being done. */
  readonly say: (text: string) => void;
}

/** What a release asks of signing and of registries; without one, the release is made without it. */
export interface ReleasePorts {
  /**
   * Signs what the `SHA256SUMS` of a folder lists, and that file itself: leaves a Sigstore bundle `FILE.sigstore.json`
   * beside each, for an image layout beside its directory. Bundles that hold stay as they are.
   */
  readonly sign?: (folder: OutputDirectory, context: PortContext) => Promise<void>;
  /** Verifies these bundles. Throws FactoryError `verification` when one does not hold. */
  readonly verify?: (folder: string, context: PortContext) => Promise<void>;
  /** Tells where the OS image of a finished target is, if it is in a registry. Throws FactoryError when it cannot. */
  readonly pushImage?: (
    build: NamedBuild,
    report: BuildReport,
    context: PortContext,
  ) => Promise<PushedImage | undefined>;
}
