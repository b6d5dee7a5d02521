import {
  type Completed,
  type CompletedCommand,
  type CompletedOption,
  type Completion,
  functionPrefix,
  quoted,
  scriptHeader,
} from './completion.ts';

/** Writes the script for fish 3 or newer. */
export function fishCompletion({ program, commands }: Completion): string {
  const fn = `_${functionPrefix(program)}`;
  const reached = commands.flatMap(({ path, commands: below }) =>
    below.map(
      ({ name }) =>
        `      case ${quoted(`${path} ${name}`)}\n        set path ${quoted([path, name].filter(Boolean).join(' '))}`,
    ),
  );
  const taking = commands.flatMap(({ path, options }) =>
    options
      .filter(({ value, isOptional }) => value !== undefined && !isOptional)
      .flatMap(({ names }) => names.map((name) => quoted(`${path} ${name}`))),
  );
  return `${scriptHeader(program, 'fish')}

# The command that the words before the cursor name.
function ${fn}_path
  set -l words (commandline -opc)
  set -l path ''
  set -l is_value 0
  for word in $words[2..]
    if test $is_value = 1
      set is_value 0
      continue
    end
    switch "$path $word"
${reached.join('\n')}
      case ${taking.join(' ')}
        set is_value 1
    end
  end
  echo $path
end

function ${fn}_at
  test (${fn}_path) = "$argv"
end

# The words of a list that follow those before the last comma.
function ${fn}_list
  set -l token (string replace -r '^--[^=]*=' '' -- (commandline -ct))
  set -l before (string match -r '.*,' -- $token)
  for word in $argv
    contains -- $word (string split , -- $token); or echo "$before$word"
  end
end

complete -c ${program} -f
${commands.flatMap((command) => linesOf(program, command)).join('\n')}
`;
}

function linesOf(program: string, { path, options, commands, arguments: taken }: CompletedCommand): string[] {
  const fn = `_${functionPrefix(program)}`;
  const start = `complete -c ${program} -n ${quoted(`${fn}_at ${path}`.trim())}`;
  return [
    ...commands.map(({ name, summary }) => `${start} -a ${name} -d ${quoted(summary)}`),
    ...options.map((option) => `${start} ${optionWords(fn, option)}`),
    ...taken.flatMap(({ value }) => (value.kind === 'text' ? [] : [`${start} ${argument(fn, value)}`])),
  ];
}

function optionWords(fn: string, { names, description, value, isOptional }: CompletedOption): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const taken = value === undefined || isOptional ? [] : ['-r', argument(fn, value)];
  return [...flags, ...taken.filter(Boolean), `-d ${quoted(description)}`].join(' ');
}

function argument(fn: string, value: Completed): string {
  switch (value.kind) {
    case 'file':
      return '-F';
    case 'directory':
      return '-a "(__fish_complete_directories (commandline -ct))"';
    case 'text':
      return '';
    case 'words':
      return `-a ${quoted(value.isList ? `(${fn}_list ${value.words.join(' ')})` : value.words.join(' '))}`;
  }
}
