import { GRUB_BUILTINS, type GrubState, readAt } from './grub-builtins.ts';
import { type GrubCommand, grubCommands, type Word } from './grub-commands.ts';
import { expandWords } from './grub-expand.ts';
import type { GrubFiles } from './grub-files.ts';

/** An entry of a boot menu, with what it would boot. */
export interface MenuEntry {
  readonly title: string;
  readonly id?: string;
  /** Arguments of the kernel; absent when the entry boots none, or its command line is in an image that was not read. */
  readonly commandLine?: string;
}

/** Commands that fail here, because they ask the machine. */
const OF_THE_MACHINE = new Set(['regexp', 'probe', 'serial', 'smbios', 'cpuid', 'keystatus', 'false']);
const SOURCES = new Set(['source', '.', 'configfile']);
const STEPS = 20_000;
const CALLS = 32;

interface Frame {
  /** `$1` and the others. */
  readonly parameters: readonly string[];
  readonly depth: number;
}

const NO_FRAME: Frame = { parameters: [], depth: 0 };

/** What a script defines. */
interface Program {
  state: GrubState;
  readonly functions: Map<string, readonly GrubCommand[]>;
  readonly entries: { readonly words: readonly Word[]; readonly body: readonly GrubCommand[] }[];
  steps: number;
}

/**
 * Runs a menu of GRUB and each of its entries, as GRUB would on a machine without any settings of its own.
 * @param device where the menu is from
 * @returns the entries; a script that does not end is stopped
 */
export async function grubMenu(script: string, device: string, files: GrubFiles): Promise<MenuEntry[]> {
  const state: GrubState = { files, variables: new Map([['root', device]]), loops: new Map() };
  const program: Program = { state, functions: new Map(), entries: [], steps: 0 };
  await run(program, grubCommands(script), NO_FRAME);
  const result: MenuEntry[] = [];
  for (const { words, body } of [...program.entries]) {
    const [, title = '', ...args] = expandWords(words, { ...state, ...NO_FRAME });
    // No entry sees what another one has set.
    program.state = { files, variables: new Map(state.variables), loops: new Map() };
    program.steps = 0;
    await run(program, body, NO_FRAME);
    const { booted } = program.state;
    const id = args.includes('--id') ? args[args.indexOf('--id') + 1] : undefined;
    result.push({
      title,
      ...(id === undefined ? {} : { id }),
      ...(booted === undefined ? {} : { commandLine: booted }),
    });
  }
  return result;
}

async function run(program: Program, commands: readonly GrubCommand[], frame: Frame): Promise<boolean> {
  let status = true;
  for (const command of commands) {
    program.steps += 1;
    if (program.steps > STEPS || frame.depth > CALLS) return false;
    status = await runOne(program, command, frame);
  }
  return status;
}

async function runOne(program: Program, command: GrubCommand, frame: Frame): Promise<boolean> {
  switch (command.kind) {
    case 'function':
      program.functions.set(command.name, command.body);
      return true;
    case 'entry':
      program.entries.push(command);
      return true;
    // Loops are over what the machine says.
    case 'loop':
      return true;
    case 'if':
      for (const { condition, body } of command.branches)
        if (await run(program, condition, frame)) return run(program, body, frame);
      return run(program, command.otherwise, frame);
    default:
      return runSimple(program, command.words, frame);
  }
}

async function runSimple(program: Program, words: readonly Word[], frame: Frame): Promise<boolean> {
  const { state, functions } = program;
  const [name = '', ...args] = expandWords(words, { ...state, ...frame });
  const body = functions.get(name);
  const depth = frame.depth + 1;
  if (body !== undefined) return run(program, body, { parameters: args, depth });
  if (SOURCES.has(name)) {
    const text = await readAt(state, args[0] ?? '');
    return text !== undefined && run(program, grubCommands(text.toString('utf8')), { ...frame, depth });
  }
  const builtin = Object.hasOwn(GRUB_BUILTINS, name) ? GRUB_BUILTINS[name] : undefined;
  return builtin === undefined ? !OF_THE_MACHINE.has(name) : builtin(state, args);
}
