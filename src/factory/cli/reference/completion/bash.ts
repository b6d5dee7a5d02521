import { type Completed, type CompletedCommand, quoted, scriptHeader } from './completed-command.ts';

/** Writes the script for bash 4 or newer. It starts no program, and needs no package bash-completion. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const values = [...valuesOf(commands)];
  const [program] = commands;
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
  return `${scriptHeader('bash')}

_kairos_factory_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
  # An unfinished word, such as k3s@, is continued.
  [[ \${COMPREPLY[0]-} != *@ ]] || compopt -o nospace
}

_kairos_factory_list() {
  local before='' word
  [[ $cur != *,* ]] || before=\${cur%,*},
  COMPREPLY=()
  for word in $1; do
    [[ ,$before == *,$word,* || $before$word != "$cur"* ]] || COMPREPLY+=("$before$word")
  done
  compopt -o nospace
}

_kairos_factory_files() {
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}

_kairos_factory() {
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
${cases(commands.map(({ path, options }) => [path, words(options.flatMap(({ names }) => names))] as const))}
    esac
  else
    case "$path $position" in
${cases([...argumentsOf(commands)])}
    esac
  fi
}
complete -F _kairos_factory ${program === undefined ? '' : 'kairos-factory'}
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

function* valuesOf(commands: readonly CompletedCommand[]): Iterable<Case> {
  for (const { path, options } of commands) {
    for (const { names, value } of options) {
      if (value === undefined || value.kind === 'text') continue;
      for (const name of names) yield [`${path} ${name}`, completing(value)];
    }
  }
}

function* argumentsOf(commands: readonly CompletedCommand[]): Iterable<Case> {
  for (const { path, commands: below, arguments: taken } of commands) {
    if (below.length > 0) yield [`${path} 0`, words(below.map(({ name }) => name))];
    for (const [index, { value, isRepeated }] of taken.entries()) {
      if (value.kind !== 'text') yield [`${path} ${isRepeated ? '*' : index}`, completing(value)];
    }
  }
}

function completing(value: Completed): string {
  switch (value.kind) {
    case 'file':
      return '_kairos_factory_files -f';
    case 'directory':
      return '_kairos_factory_files -d';
    case 'text':
      return ':';
    case 'words':
      return value.isList ? `_kairos_factory_list ${quoted(value.words.join(' '))}` : words(value.words);
  }
}

function words(all: readonly string[]): string {
  return `_kairos_factory_words ${quoted(all.join(' '))}`;
}
