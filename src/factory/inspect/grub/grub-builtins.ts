import { parseGrubEnvironment } from '../../../common/contract/grub-environment.ts';
import type { GrubFiles } from './grub-files.ts';
import { grubTest } from './grub-test.ts';

/** What the commands of a script change. */
export interface GrubState {
  readonly files: GrubFiles;
  readonly variables: Map<string, string>;
  /** What loop devices are. */
  readonly loops: Map<string, string>;
  /** Arguments of the kernel that was loaded last. */
  booted?: string;
}

type Builtin = (state: GrubState, args: readonly string[]) => boolean | Promise<boolean>;

const ENVIRONMENT_SIZE = 1024;

/** The commands of GRUB that matter for what is booted (GRUB manual, "Commands"). Each returns whether it succeeded. */
export const GRUB_BUILTINS: Readonly<Record<string, Builtin>> = {
  set: ({ variables }, args) => {
    for (const text of args) {
      const at = text.indexOf('=');
      if (at > 0) variables.set(text.slice(0, at), text.slice(at + 1));
    }
    return true;
  },
  unset: ({ variables }, [name = '']) => variables.delete(name),
  '[': (state, args) => grubTest(args.slice(0, -1), (text) => sizeAt(state, text)),
  test: (state, args) => grubTest(args, (text) => sizeAt(state, text)),
  search: async ({ files, variables }, args) => {
    const found = await files.search(wantedBy(args));
    const target = args.find((arg) => arg.startsWith('--set='))?.slice('--set='.length) ?? 'root';
    if (found !== undefined) variables.set(target, found);
    return found !== undefined;
  },
  loopback: (state, [name = '', file = '']) => {
    if (name.startsWith('-')) return true;
    const { device, path } = placeOf(state, file);
    state.loops.set(name, `${device}!${path}`);
    return true;
  },
  load_env: async (state, args) => {
    const block = await readAt(state, args[args.indexOf('-f') + 1] ?? '');
    if (block?.length !== ENVIRONMENT_SIZE) return false;
    for (const [key, value] of parseGrubEnvironment(block)) state.variables.set(key, value);
    return true;
  },
  linux: boot,
  linux16: boot,
  linuxefi: boot,
};

/** Reads the file that a script names. */
export function readAt(state: GrubState, text: string): Promise<Buffer | undefined> {
  const { device, path } = placeOf(state, text);
  return state.files.read(device, path);
}

async function sizeAt(state: GrubState, text: string): Promise<number | undefined> {
  const { device, path } = placeOf(state, text);
  return state.files.size(device, path);
}

function placeOf({ variables, loops }: GrubState, text: string): { device: string; path: string } {
  const [, named, path = text] = /^\(([^)]*)\)(.*)$/.exec(text) ?? [];
  const device = named ?? variables.get('root') ?? '';
  return { device: loops.get(device) ?? device, path };
}

function boot(state: GrubState, [, ...args]: readonly string[]): boolean {
  state.booted = args.join(' ').trim().replaceAll(/ +/g, ' ');
  return true;
}

function wantedBy(args: readonly string[]): { label?: string; file?: string } {
  const wanted = args.filter((arg) => !arg.startsWith('-')).at(-1) ?? '';
  if (args.includes('--label') || args.includes('-l')) return { label: wanted };
  return args.includes('--file') || args.includes('-f') ? { file: wanted } : {};
}
