import {
  type Completed,
  type CompletedCommand,
  type Completion,
  functionPrefix,
  quoted,
  scriptHeader,
} from './completion.ts';

/** Writes the script for bash 4 or newer. It starts no program, and needs no package bash-completion. */
export function bashCompletion({ program, commands }: Completion): string {
  const fn = functionPrefix(program);
  const values = [...valuesOf(fn, commands)];
  const reached = commands.flatMap(({ path, commands: below }) =>
    below.map(
      ({ name }) => [`${path} ${name}`, `path=${quoted([path, name].filter(Boolean).join(' '))}`] as const,
    ),
  );
  const taking = commands.flatMap(({ path, options }) =>
    options
      .filter(({ value }) => value !== undefined)
      .flatMap(({ names, isOptional }) =>
        names.map((name) => [`${path} ${name}`, `option=$word optional=${isOptional ? 1 : ''}`] as const),
      ),
  );
  return `${scriptHeader(program, 'bash')}

${fn}_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
  # An unfinished word, such as k3s@, is continued.
  [[ \${COMPREPLY[0]-} != *@ ]] || compopt -o nospace
}

${fn}_list() {
  local before='' word
  [[ $cur != *,* ]] || before=\${cur%,*},
  COMPREPLY=()
  for word in $1; do
    [[ ,$before == *,$word,* || $before$word != "$cur"* ]] || COMPREPLY+=("$before$word")
  done
  compopt -o nospace
}

${fn}_files() {
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}

${fn}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} path='' option='' optional='' position=0 index word
  COMPREPLY=()
  # Bash gives "--option=value" and "oci:directory" as three words each.
  [[ $cur != [=:] ]] || cur=''
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    case $word in
      =) continue ;;
      :) ((++index)); continue ;;
    esac
    if [[ -n $option ]]; then
      [[ -n $optional && $word == -* ]] || { option=''; continue; }
    fi
    option=''
    case "$path $word" in
${cases(reached)}
${cases(taking)}
      *' -'*) ;;
      *) ((++position)) ;;
    esac
  done
  if [[ -n $option && ! (-n $optional && $cur == -*) ]]; then
    case "$path $option" in
${cases(values)}
    esac
  elif [[ $cur == -* ]]; then
    case $path in
${cases(
  commands.map(
    ({ path, options }) =>
      [
        path,
        words(
          fn,
          options.flatMap(({ names }) => names),
        ),
      ] as const,
  ),
)}
    esac
  else
    case "$path $position" in
${cases([...argumentsOf(fn, commands)])}
    esac
  fi
}
complete -F ${fn} ${program}
`;
}

type Case = readonly [pattern: string, body: string];

/** The branches of a \`case\`; patterns with the same body share one. */
function cases(all: readonly Case[]): string {
  const byBody = Map.groupBy(all, ([, body]) => body);
  return [...byBody]
    .map(([body, same]) => `      ${same.map(([pattern]) => patternOf(pattern)).join(' | ')}) ${body} ;;`)
    .join('\n');
}

/** A star at the end matches anything. */
function patternOf(pattern: string): string {
  return pattern.endsWith('*') ? `${quoted(pattern.slice(0, -1))}*` : quoted(pattern);
}

function* valuesOf(fn: string, commands: readonly CompletedCommand[]): Iterable<Case> {
  for (const { path, options } of commands) {
    for (const { names, value } of options) {
      if (value === undefined || value.kind === 'text') continue;
      for (const name of names) yield [`${path} ${name}`, completing(fn, value)];
    }
  }
}

function* argumentsOf(fn: string, commands: readonly CompletedCommand[]): Iterable<Case> {
  for (const { path, commands: below, arguments: taken } of commands) {
    if (below.length > 0)
      yield [
        `${path} 0`,
        words(
          fn,
          below.map(({ name }) => name),
        ),
      ];
    for (const [index, { value, isRepeated }] of taken.entries()) {
      if (value.kind !== 'text') yield [`${path} ${isRepeated ? '*' : index}`, completing(fn, value)];
    }
  }
}

function completing(fn: string, value: Completed): string {
  switch (value.kind) {
    case 'file':
      return `${fn}_files -f`;
    case 'directory':
      return `${fn}_files -d`;
    case 'text':
      return ':';
    case 'words':
      return value.isList ? `${fn}_list ${quoted(value.words.join(' '))}` : words(fn, value.words);
  }
}

function words(fn: string, all: readonly string[]): string {
  return `${fn}_words ${quoted(all.join(' '))}`;
}
