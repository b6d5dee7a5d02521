import type { Host } from '../../../common/host/host.ts';
import type { Runner } from '../../tools/runner.ts';
import type { ExtensionArch } from './architectures.ts';
import type { ExtensionContent } from './content.ts';
import type { ExtensionTarget } from './extension-release.ts';
import type { ExtensionSource } from './fill-tree.ts';
import type { Signer } from './root-hash-signature.ts';

/** Filesystem formats of extensions. */
export const EXTENSION_FORMATS = ['squashfs', 'erofs'] as const;
export type ExtensionFormat = (typeof EXTENSION_FORMATS)[number];

/** What to build. Paths are absolute. */
export interface ExtensionSpec {
  readonly kind: ExtensionContent['kind']['name'];
  readonly name: string;
  readonly source: ExtensionSource;
  /** The image whose layers are excluded; when absent, the extension is the last layer alone. */
  readonly above: ExtensionSource | undefined;
  readonly arch: ExtensionArch;
  readonly format: ExtensionFormat;
  readonly target: ExtensionTarget;
  readonly signer: Signer | undefined;
  /** `SOURCE_DATE_EPOCH`, if set: no file is newer. */
  readonly epoch: number | undefined;
}

/** The services that building an extension uses. */
export interface ExtensionContext {
  readonly runner: Runner;
  readonly host: Host;
  readonly signal: AbortSignal;
  /** An empty directory, which the caller removes afterwards. */
  readonly scratch: string;
  readonly notice: (text: string) => void;
}

/** The file name by which systemd and the agent recognise an extension. */
export function extensionFile({ kind, name }: Pick<ExtensionSpec, 'kind' | 'name'>): string {
  return `${name}.${kind}.raw`;
}
