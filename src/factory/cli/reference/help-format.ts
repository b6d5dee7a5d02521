import { styleText } from 'node:util';
import { type CommandUnknownOpts, Help, type HelpConfiguration } from '@commander-js/extra-typings';
import { exampleLines } from './example-lines.ts';
import { guideOf } from './guide-of.ts';

/** Terms up to this width are in a column; the description of a longer one is below it. */
const TERM_WIDTH = 26;
/** From this width on, help has two columns. */
const TWO_COLUMNS = 64;
/** A longer line is hard to read, and a shorter one has no room for a word. */
const WIDTHS = { smallest: 30, largest: 100 };
/** The width of pipes, and of terminals without a size. */
const DEFAULT_WIDTH = 80;

/** The width for help on a stream. */
export function helpWidth({ columns }: { readonly columns?: number | undefined }): number {
  return Math.min(Math.max(columns || DEFAULT_WIDTH, WIDTHS.smallest), WIDTHS.largest);
}

/** How commander lays out help: in two columns where there is room, otherwise with each description below its term. */
export const HELP_FORMAT = {
  minWidthToWrap: 10,
  // A list of commands is read for their names; their own help shows what they take.
  subcommandTerm: (command) => command.name(),
  padWidth(this: Help, command, helper) {
    return Math.min(TERM_WIDTH, Help.prototype.padWidth.call(this, command, helper));
  },
  // Commander strips it where the stream has no colours.
  styleTitle: (text) => styleText('bold', text, { validateStream: false }),
  commandUsage(this: Help, command) {
    const usage = Help.prototype.commandUsage.call(this, command);
    return this.boxWrap(usage, widthOf(this) - 'Usage: '.length).replaceAll('\n', '\n    ');
  },
  formatItem(term, termWidth, description, helper) {
    if (!description) return `  ${term}`;
    const hasColumns = widthOf(helper) >= TWO_COLUMNS;
    const indent = ' '.repeat(hasColumns ? termWidth + 4 : 6);
    const text = helper.boxWrap(description, widthOf(helper) - indent.length).replaceAll('\n', `\n${indent}`);
    return hasColumns && helper.displayWidth(term) <= termWidth
      ? `  ${term.padEnd(termWidth)}  ${text}`
      : `  ${term}\n${indent}${text}`;
  },
  formatHelp(this: Help, command, helper) {
    const own = Help.prototype.formatHelp.call(this, command, helper);
    return `${own}\n${ending(command, helper).join('\n')}\n`;
  },
} satisfies HelpConfiguration;

function widthOf({ helpWidth: width = DEFAULT_WIDTH }: Help): number {
  return width;
}

/** The end of a help text: examples, and where to read more. */
function ending(command: CommandUnknownOpts, helper: Help): string[] {
  const width = widthOf(helper);
  const guide = guideOf(command);
  if (guide === undefined)
    return [helper.boxWrap('"help COMMAND" shows the options of a command, and examples.', width)];
  return [
    helper.styleTitle('Examples:'),
    ...guide.examples.flatMap(({ what, line }) => [
      ...indented(helper.boxWrap(`${what}:`, width - 2), 2),
      ...exampleLines(line, width - 4).map((each) => `    ${each}`),
    ]),
    '',
    helper.boxWrap(`Read more: ${guide.pages.map((page) => `docs/${page}.md`).join(', ')}`, width),
  ];
}

function indented(text: string, columns: number): string[] {
  return text.split('\n').map((line) => `${' '.repeat(columns)}${line}`);
}
