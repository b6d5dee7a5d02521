import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { BROUGHT_DIRECTORY, BROUGHT_PARTS, BroughtPart } from '../../../common/contract/brought-parts.ts';
import type { AbsentProgram } from '../../../common/contract/host-programs.ts';
import { type ContextEntry, directoryEntries } from './context-tar.ts';
import { program, text } from './entry.ts';

/** The file that `scripts/node-programs.ts` writes beside what it collects. */
const Index = z.object({
  distribution: z.string(),
  release: z.string(),
  packages: z.array(BroughtPart.extend({ bootLoader: z.boolean() })),
  /** Packages by the name of the library. */
  libraries: z.record(z.string(), z.string()),
  programs: z.record(
    z.string(),
    z.object({ file: z.string(), package: z.string(), libraries: z.array(z.string()) }),
  ),
});
type Index = z.infer<typeof Index>;

/** What an image brings along. */
export interface Brought {
  /** The directory on the host that it is copied from. */
  readonly tree: string;
  readonly index: Index;
  readonly programs: readonly AbsentProgram[];
  readonly bootLoader: boolean;
}

/** Where the programs for images are, beside a compiled agent. */
export const programsOf = (agent: string): string => `${agent}.programs`;

/** The list of the programs for images: an input of the image. @returns nothing for an agent without any */
export function broughtIndex(agent: string): string | undefined {
  const file = join(programsOf(agent), 'index.json');
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/**
 * Selects what an image brings along: of the programs that its base lacks those that there are, and a boot loader.
 * @returns nothing if there is nothing to bring, or nothing beside the agent
 */
export function bringAlong(
  agent: string,
  { lacking, bootLoader }: { readonly lacking: readonly AbsentProgram[]; readonly bootLoader: boolean },
): Brought | undefined {
  const content = broughtIndex(agent);
  if (content === undefined) return undefined;
  const index = Index.parse(JSON.parse(content));
  const programs = lacking.filter(({ name }) => index.programs[name] !== undefined);
  if (programs.length === 0 && !bootLoader) return undefined;
  return { tree: programsOf(agent), index, programs, bootLoader };
}

/** The packages that the brought files come from. */
export function broughtParts({ index, programs, bootLoader }: Brought): BroughtPart[] {
  const used = new Set(
    programs.flatMap(({ name }) => {
      const found = index.programs[name];
      return found === undefined
        ? []
        : [found.package, ...found.libraries.map((each) => index.libraries[each])];
    }),
  );
  return index.packages
    .filter((each) => used.has(each.name) || (bootLoader && each.bootLoader))
    .map(({ name, version, licence, purl }) => ({ name, version, licence, purl }));
}

/** The brought files in the tree of the framework: each program with its libraries, and a link in a directory of `PATH`. */
export function broughtEntries(brought: Brought | undefined): ContextEntry[] {
  if (brought === undefined) return [];
  const { tree, index, programs, bootLoader } = brought;
  const found = programs.flatMap(({ name, place }) => {
    const entry = index.programs[name];
    return entry === undefined ? [] : [{ ...entry, place }];
  });
  const copied = (part: string) => program(`framework${BROUGHT_DIRECTORY}/${part}`, join(tree, part));
  const files = new Set(found.map(({ file }) => `bin/${file}`));
  const libraries = new Set(found.flatMap((each) => each.libraries.map((name) => `lib/${name}`)));
  const parts = broughtParts(brought);
  return [
    ...[...files, ...[...libraries].sort()].map(copied),
    ...found.map(({ place, file }): ContextEntry => {
      return { type: 'symlink', path: `framework${place}`, target: `${BROUGHT_DIRECTORY}/bin/${file}` };
    }),
    ...(bootLoader ? bootLoaderEntries(brought) : []),
    ...parts.map(({ name }) => {
      const copyright = readFileSync(join(tree, 'copyright', name), 'utf8');
      return text(`framework${BROUGHT_DIRECTORY}/copyright/${name}`, copyright);
    }),
    text(`framework${BROUGHT_PARTS}`, `${JSON.stringify(parts, null, 2)}\n`),
  ];
}

/** A signed GRUB looks into the directory of its own distribution. */
function bootLoaderEntries({ tree, index }: Brought): ContextEntry[] {
  return [
    ...directoryEntries(join(tree, 'boot-loader'), 'framework'),
    text('framework/usr/lib/kairos/boot-loader-id', `${index.distribution}\n`),
  ];
}
