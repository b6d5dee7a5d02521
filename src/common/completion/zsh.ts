import {
  type Completed,
  type CompletedCommand,
  type CompletedOption,
  type Completion,
  quoted,
  scriptHeader,
} from './completion.ts';

/** Writes the script for zsh: a file named `_PROGRAM` in a directory of \`fpath\`, or to be sourced. */
export function zshCompletion({ program, commands }: Completion): string {
  return `#compdef ${program}
${scriptHeader(program, 'zsh')}

${commands.map((command) => functionOf(program, command)).join('\n')}
if [ "$funcstack[1]" = _${program} ]; then
  _${program} "$@"
else
  compdef _${program} ${program}
fi
`;
}

function functionOf(program: string, command: CompletedCommand): string {
  const { path, options, commands, arguments: taken } = command;
  const specs = options.flatMap(optionSpecs);
  if (commands.length === 0) {
    const places = taken.map(({ name, value, isRepeated }, index) =>
      quoted(`${isRepeated ? '*' : index + 1}:${name}:${action(name, value)}`),
    );
    return `${nameOf(program, path)}() {\n  _arguments -s -S ${[...specs, ...places].join(' \\\n    ')}\n}\n`;
  }
  const list = commands.map(({ name, summary }) => quoted(`${name}:${summary}`));
  const branches = commands.map(
    ({ name }) => `        ${name}) ${nameOf(program, [path, name].filter(Boolean).join(' '))} ;;`,
  );
  return `${nameOf(program, path)}() {
  local curcontext=$curcontext state line
  local -a commands=(
    ${list.join('\n    ')}
  )
  _arguments -C -s -S ${specs.join(' \\\n    ')} \\
    '1: :->command' '*:: :->rest'
  case $state in
    command) _describe -t commands command commands ;;
    rest)
      case $words[1] in
${branches.join('\n')}
      esac
      ;;
  esac
}
`;
}

function nameOf(program: string, path: string): string {
  return [`_${program}`, ...path.split(' ').filter(Boolean)].join('_');
}

/** The specifications for _arguments of all names of an option (zshcompsys(1)). */
function optionSpecs({ names, description, value, isOptional }: CompletedOption): string[] {
  const text = `[${description.replace(/[[\]\\]/g, '\\$&')}]`;
  const others = names.length > 1 ? `(${names.join(' ')})` : '';
  return names.map((name) => {
    if (value === undefined) return quoted(`${others}${name}${text}`);
    const taken = `value:${action('value', value)}`;
    return isOptional ? quoted(`${others}${name}${text}::${taken}`) : quoted(`*${name}=${text}:${taken}`);
  });
}

function action(name: string, value: Completed): string {
  switch (value.kind) {
    case 'file':
      return '_files';
    case 'directory':
      return '_files -/';
    case 'text':
      // Nothing is completed.
      return ' ';
    case 'words':
      return value.isList ? `_values -s , ${name} ${value.words.join(' ')}` : `(${value.words.join(' ')})`;
  }
}
