import type { ImageIdentity } from '../../../common/contract/kairos-release.ts';
import type { Flavor } from '../../catalog/flavors/schema.ts';
import type { Selection } from '../../catalog/flavors/select.ts';
import type { Board } from '../../catalog/models/board.ts';
import type { PolicyFile } from '../../config/render-policy.ts';
import type { RootTraits } from '../root/root-traits.ts';
import type { Brought } from './brought-programs.ts';
import type { ImageHooks } from './hook-entries.ts';
import type { KairosInit } from './kairos-init.ts';
import type { KubernetesPayload } from './kubernetes-entries.ts';

/** A bundle whose image is in the engine. */
export interface BundleLayer {
  /** Name of the image in the engine. */
  readonly image: string;
  /** Whether its files are copied into the root, or its `run.sh` is run. */
  readonly mode: 'unpack' | 'run';
  /** The name that the user gave it, for its `run.sh` and for messages. */
  readonly name: string;
}

/** The inputs of a build context. */
export interface ContextOptions {
  readonly templates: string;
  readonly flavor: Flavor;
  readonly selection: Selection;
  readonly identity: ImageIdentity;
  readonly board: Pick<Board, 'components' | 'consoles' | 'arguments' | 'files' | 'texts'>;
  /** Name of the base image in the engine. */
  readonly base: string;
  /** Unix timestamp in seconds that the image is stamped with; the date of the package archive when absent. */
  readonly epoch: string | undefined;
  readonly overlay: string | undefined;
  /** Versions to install where the archive has them: `NAME:ARCH` to one version, or several separated by spaces. */
  readonly pins?: Readonly<Record<string, string>> | undefined;
  /** Snapshot archives to install packages from, in the package manager's own format. */
  readonly snapshot?: readonly string[] | undefined;
  readonly kubernetes?: KubernetesPayload | undefined;
  readonly bundles?: readonly BundleLayer[] | undefined;
  /** The trust policy that the node enforces. */
  readonly policy?: readonly PolicyFile[] | undefined;
  /** Name and version of this tool. */
  readonly tool: string;
  /** Path of the compiled agent for the image's architecture. */
  readonly agent: string;
  /** Programs and boot loader for a base that has none. */
  readonly brought?: Brought;
  /** The image that the kernel comes from, when it is not installed from packages. */
  readonly kernel?: KernelSource;
  /** Traits of the base root, for a flavor without packages; by default it has a shell. */
  readonly root?: Pick<RootTraits, 'shell' | 'systemd' | 'openrc' | 'lacks'> & {
    /** Whether it lacks programs that every other image has. */
    readonly isBare?: boolean;
  };
  /** Programs of the user that run during the build. */
  readonly hooks?: ImageHooks | undefined;
  /** Whether the image is booted over the network, too. */
  readonly netboot?: boolean;
  /** Upstream's kairos-init, to use instead of our own framework. */
  readonly init?: KairosInit;
}

/** An image that supplies the kernel, modules, firmware and initramfs. */
export interface KernelSource {
  /** Name of the image in the engine. */
  readonly image: string;
  /** Path of the compiled agent, which makes the initramfs. */
  readonly agent: string;
  /** Unix timestamp in seconds that the initramfs is stamped with. */
  readonly epoch: number;
  /** The directory of the base for `modules` and `firmware`: `/usr/lib`, or `/lib` where that is not a link to it. */
  readonly library: '/lib' | '/usr/lib';
  /** Whether it supplies GRUB and shim too. */
  readonly bootLoader: boolean;
}
