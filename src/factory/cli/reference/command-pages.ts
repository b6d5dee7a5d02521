import type { DescribedCommand, DescribedOption } from './describe-command.ts';
import { PROGRAM } from './example-lines.ts';

const INTRO = `# Commands

All commands of \`kairos-factory\`, written by \`npm run docs\` from their definitions in \`src/factory/cli\`. The same is in
\`kairos-factory help COMMAND\` and in the manual pages, \`dist/man\`. [Errors and exit codes](errors.md) are the same for all commands.
`;

/** Writes docs/commands.md: every command with its arguments, options and examples. */
export function commandsPage(program: DescribedCommand): string {
  const tasks = Map.groupBy(program.commands, ({ task }) => task);
  const overview = [...tasks].map(
    ([task, commands]) => `${task}: ${commands.map(({ path }) => `[\`${path}\`](#${path})`).join(', ')}.\n`,
  );
  return [INTRO, overview.join('\n'), ...program.commands.map((command) => section(command, '##'))].join(
    '\n',
  );
}

function section(command: DescribedCommand, level: string): string {
  const { path, summary, usage, arguments: taken, groups, guide, commands } = command;
  const examples = guide?.examples.filter(() => level === '##') ?? [];
  return [
    `${level} ${path}\n`,
    `${sentence(summary)}\n`,
    `\`\`\`text\n${usage}\n\`\`\`\n`,
    ...(taken.length > 0
      ? [`${taken.map(({ name, description }) => item(name, description)).join('')}`]
      : []),
    ...groups.map(({ heading, options }) => `${heading}:\n\n${options.map(optionItem).join('')}`),
    ...examples.map(({ what, line }) => `${what}:\n\n\`\`\`sh\n${PROGRAM} ${line}\n\`\`\`\n`),
    ...(level === '##' && guide
      ? [`Read more: ${guide.pages.map((page) => `[${page}.md](${page}.md)`).join(', ')}.\n`]
      : []),
    ...commands.map((below) => section(below, `${level}#`)),
  ].join('\n');
}

function optionItem({ flags, description }: DescribedOption): string {
  return item(flags, description);
}

function item(term: string, description: string): string {
  return `- \`${term}\`: ${escaped(description)}\n`;
}

/** Markdown reads stars, angle brackets and underscores as markup. */
function escaped(text: string): string {
  return text.replace(/[*<_[\]]/g, '\\$&');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${escaped(text.slice(1))}.`;
}
