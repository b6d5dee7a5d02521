import {
  type Completed,
  type CompletedCommand,
  type CompletedOption,
  quoted,
  scriptHeader,
} from './completed-command.ts';

/** Writes the script for zsh: a file named \`_kairos-factory\` in a directory of \`fpath\`, or to be sourced. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  return `#compdef kairos-factory
${scriptHeader('zsh')}

${commands.map(functionOf).join('\n')}
if [ "$funcstack[1]" = _kairos-factory ]; then
  _kairos-factory "$@"
else
  compdef _kairos-factory kairos-factory
fi
`;
}

function functionOf(command: CompletedCommand): string {
  const { path, options, commands, arguments: taken } = command;
  const specs = options.flatMap(optionSpecs);
  if (commands.length === 0) {
    const places = taken.map(({ name, value, isRepeated }, index) =>
      quoted(`${isRepeated ? '*' : index + 1}:${name}:${action(name, value)}`),
    );
    return `${nameOf(path)}() {\n  _arguments -s -S ${[...specs, ...places].join(' \\\n    ')}\n}\n`;
  }
  const list = commands.map(({ name, summary }) => quoted(`${name}:${summary}`));
  const branches = commands.map(
    ({ name }) => `        ${name}) ${nameOf([path, name].filter(Boolean).join(' '))} ;;`,
  );
  return `${nameOf(path)}() {
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

function nameOf(path: string): string {
  return ['_kairos-factory', ...path.split(' ').filter(Boolean)].join('_');
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
