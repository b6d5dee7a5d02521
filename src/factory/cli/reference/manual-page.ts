import { EXIT_STATUS } from '../../../common/errors/factory-error.ts';
import type { DescribedCommand } from './describe-command.ts';
import { exampleLines, PROGRAM } from './example-lines.ts';

/** A page of the manual. */
export interface ManualPage {
  /** The name of its file: `kairos-factory-build.1`. */
  readonly file: string;
  /** Its text in the macros of man(7). */
  readonly text: string;
}

/** The columns of examples: those of a terminal without the indentation of a page. */
const EXAMPLE_WIDTH = 66;

const STATUS: Readonly<Record<keyof typeof EXIT_STATUS, string>> = {
  usage: 'wrong options, an invalid configuration, or a path that does not exist',
  tool: 'a program of the host is missing, or its version is not supported',
  step: 'a step of the build failed',
  verification: 'a check failed',
  interrupted: 'a signal ended the command',
};

/** Writes the page of the program and one for each command. @param version the version of the program, such as `0.1.0` */
export function manualPages(program: DescribedCommand, version: string): ManualPage[] {
  return [programPage(program, version), ...program.commands.map((command) => commandPage(command, version))];
}

function programPage(program: DescribedCommand, version: string): ManualPage {
  const tasks = Map.groupBy(program.commands, ({ task }) => task);
  return page(PROGRAM, version, [
    ...heading(PROGRAM, program),
    ...[...tasks].flatMap(([task, commands]) => [
      `.SS ${text(task)}`,
      ...commands.flatMap(({ path, summary }) => tagged(reference(path), `${summary}.`)),
    ]),
    ...options(program),
    '.SH FILES',
    ...tagged('.I kairos-factory.yaml', 'the configuration, in the working directory.'),
    ...tagged('.I kairos-factory.lock', 'digests of images, and the packages of builds.'),
    '.SH ENVIRONMENT',
    ...tagged('.B KAIROS_FACTORY_CACHE', 'directory of the cache.'),
    ...tagged(
      '.B SOURCE_DATE_EPOCH',
      'the time that everything in an image is stamped with, in Unix seconds.',
    ),
    ...exitStatus(),
    '.SH SEE ALSO',
    seeAlso(program.commands.map(({ path }) => path)),
  ]);
}

function commandPage(command: DescribedCommand, version: string): ManualPage {
  const name = `${PROGRAM}-${command.path}`;
  const { guide, commands } = command;
  return page(name, version, [
    ...heading(name, command),
    ...argumentsOf(command),
    ...options(command),
    ...(commands.length > 0 ? ['.SH COMMANDS'] : []),
    ...commands.flatMap((below) => [
      `.SS ${text(below.usage)}`,
      text(capital(below.summary)),
      ...tagsOf(below),
      ...below.groups.flatMap((group) =>
        group.options.flatMap(({ flags, description }) => tagged(bold(flags), description)),
      ),
    ]),
    '.SH EXAMPLES',
    ...(guide?.examples ?? []).flatMap(({ what, line }, index) => [
      ...(index > 0 ? ['.PP'] : []),
      text(`${what}:`),
      '.PP',
      '.RS 4',
      '.nf',
      ...exampleLines(line, EXAMPLE_WIDTH).map(text),
      '.fi',
      '.RE',
    ]),
    ...exitStatus(),
    '.SH SEE ALSO',
    seeAlso(['']),
    '.PP',
    text(
      `The documentation of the project: ${(guide?.pages ?? []).map((each) => `docs/${each}.md`).join(', ')}.`,
    ),
  ]);
}

function page(name: string, version: string, lines: readonly string[]): ManualPage {
  // Without a date, the same sources give the same page.
  const title = `.TH ${text(name.toUpperCase())} 1 "" "${PROGRAM} ${version}" "${PROGRAM}"`;
  // No word is cut: people copy them.
  return { file: `${name}.1`, text: `${[title, '.nh', '.ad l', ...lines].join('\n')}\n` };
}

function heading(name: string, { summary, usage }: DescribedCommand): string[] {
  return [
    '.SH NAME',
    `${text(name)} \\- ${text(summary.replace(/\.$/, ''))}`,
    '.SH SYNOPSIS',
    bold(usage),
    '.SH DESCRIPTION',
    text(capital(summary)),
  ];
}

function argumentsOf(command: DescribedCommand): string[] {
  return command.arguments.length === 0 ? [] : ['.SH ARGUMENTS', ...tagsOf(command)];
}

function tagsOf({ arguments: taken }: DescribedCommand): string[] {
  return taken.flatMap(({ name, description }) => tagged(`.I ${text(name)}`, description));
}

function options({ groups }: DescribedCommand): string[] {
  return [
    '.SH OPTIONS',
    ...groups.flatMap(({ heading: title, options: all }) => [
      `.SS ${text(title)}`,
      ...all.flatMap(({ flags, description }) => tagged(bold(flags), description)),
    ]),
  ];
}

function exitStatus(): string[] {
  const kinds = Object.keys(EXIT_STATUS) as (keyof typeof EXIT_STATUS)[];
  return [
    '.SH EXIT STATUS',
    ...tagged('.B 0', 'success'),
    ...tagged('.B 1', 'a defect of the program'),
    ...kinds.flatMap((kind) => tagged(`.B ${EXIT_STATUS[kind]}`, STATUS[kind])),
  ];
}

function tagged(tag: string, description: string): string[] {
  return ['.TP', tag, text(capital(description))];
}

/** Names of options in bold, what they take in italics. */
function bold(words: string): string {
  const parts = words.split(/(?<= )|(?= )/);
  return parts
    .map((part) => (/^[<[]/.test(part) ? `\\fI${text(part)}\\fR` : `\\fB${text(part)}\\fR`))
    .join('')
    .replaceAll('\\fB \\fR', ' ');
}

function reference(path: string): string {
  return `.BR ${text([PROGRAM, path].filter(Boolean).join('-'))} (1)`;
}

function seeAlso(paths: readonly string[]): string {
  return paths.map((path, index) => `${reference(path)}${index < paths.length - 1 ? ' ,' : ''}`).join('\n');
}

/** Text that the formatter prints as it is (groff_char(7)): no line of it is a request. */
function text(plain: string): string {
  return plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^[.']/, '\\&$&')
    .replaceAll('…', '...');
}

function capital(words: string): string {
  const first = words.split(' ', 1)[0] ?? '';
  const isWord = /^[a-z]+[:,;]?$/.test(first);
  return !isWord ? words : `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
