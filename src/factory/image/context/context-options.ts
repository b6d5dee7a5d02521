import type { ImageIdentity } from '../../../common/contract/kairos-release.ts';
import type { Flavor } from '../../catalog/flavors/schema.ts';
import type { Selection } from '../../catalog/flavors/select.ts';
import type { Board } from '../../catalog/models/board.ts';
import type { PolicyFile } from '../../config/render-policy.ts';
import type { RootTraits } from '../root/root-traits.ts';
import type { KairosInit } from './kairos-init.ts';
import type { KubernetesPayload } from './kubernetes-entries.ts';

/** A bundle that the engine has. */
export interface BundleLayer {
  /** Name in the engine. */
  readonly image: string;
  /** Whether its files are laid into the root, or its `run.sh` is run. */
  readonly mode: 'unpack' | 'run';
  /** What it is called, for its program and for messages. */
  readonly name: string;
}

/** What a build context is rendered from. */
export interface ContextOptions {
  readonly templates: string;
  readonly flavor: Flavor;
  readonly selection: Selection;
  readonly identity: ImageIdentity;
  readonly board: Pick<Board, 'components' | 'consoles' | 'arguments' | 'files' | 'texts'>;
  /** Name of the base image in the engine. */
  readonly base: string;
  /** Seconds since 1970 that the image is stamped with; the date of the package archive when absent. */
  readonly epoch: string | undefined;
  readonly overlay: string | undefined;
  /** Versions that packages are to have where the archive has them: `NAME:ARCH` to version, or versions with spaces. */
  readonly pins?: Readonly<Record<string, string>> | undefined;
  /** Archives of the past, in the words of the package manager: what packages are installed from. */
  readonly snapshot?: readonly string[] | undefined;
  readonly kubernetes?: KubernetesPayload | undefined;
  readonly bundles?: readonly BundleLayer[] | undefined;
  /** The trust policy that the node enforces. */
  readonly policy?: readonly PolicyFile[] | undefined;
  /** Name and version of this tool. */
  readonly tool: string;
  /** The compiled agent for the image's architecture: a file. Absent where the base cannot run it. */
  readonly agent: string | undefined;
  /** Where the kernel comes from another image: how it is taken over. */
  readonly kernel?: KernelSource;
  /** The root that a flavor without packages is laid over; by default one with a shell. */
  readonly root?: Pick<RootTraits, 'shell' | 'systemd' | 'lacks'>;
  /** Upstream's initializer, in place of our own framework. */
  readonly init?: KairosInit;
}

/** An image that kernel, modules, firmware and initramfs are taken from. */
export interface KernelSource {
  /** Name of the image in the engine. */
  readonly image: string;
  /** Seconds since 1970 that the initramfs is stamped with. */
  readonly epoch: number;
  /** The directory of the base that holds `modules` and `firmware`: `/usr/lib`, or `/lib` where that is one of its own. */
  readonly library: '/lib' | '/usr/lib';
  /** Whether GRUB and shim are taken from it too. */
  readonly bootLoader: boolean;
}
