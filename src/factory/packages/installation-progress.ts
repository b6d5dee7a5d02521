/** What a package manager does with a package, in its own words and in ours. */
const PATTERNS: readonly {
  readonly pattern: RegExp;
  /** `{}` stands for the package. */
  readonly words: string;
  /** Whether the line means that one more package is done. */
  readonly counts?: boolean;
}[] = [
  // apt-get and dpkg: "Get:12 http://host suite/main amd64 name amd64 1.2 [70 MB]".
  { pattern: /^Get:\d+ \S+ \S+ \S+ (?<name>\S+) \S+ \S+ \[/, words: 'downloading {}' },
  { pattern: /^Unpacking (?<name>\S+) /, words: 'unpacking {}' },
  { pattern: /^Setting up (?<name>\S+) /, words: 'setting up {}', counts: true },
  // dnf 4: "  Installing       : name-1.2-3.x86_64      12/345"; dnf 5: "[ 12/345] Installing name-0:1.2-3.x86_64 100% | …".
  { pattern: /^\s*Installing\s*:\s*(?<name>\S+)\s+(?<done>\d+)\/(?<total>\d+)/, words: 'installing {}' },
  { pattern: /^\[\s*(?<done>\d+)\/(?<total>\d+)\] Installing (?<name>\S+)/, words: 'installing {}' },
  // zypper: "(12/345) Installing: name-1.2 [..done]"; apk: "(12/345) Installing name (1.2-r0)".
  { pattern: /^\(\s*(?<done>\d+)\/(?<total>\d+)\) Installing:? (?<name>\S+)/, words: 'installing {}' },
  { pattern: /^\(\s*(?<done>\d+)\/(?<total>\d+)\) Retrieving:? (?<name>\S+)/, words: 'downloading {}' },
  // mmdebstrap: "I: installing essential packages...".
  { pattern: /^I: (?<name>[a-z].*?)(?:\.\.\.)?$/, words: '{}' },
];
/** apt-get, before it begins: "0 upgraded, 240 newly installed, …". */
const PLANNED = /^(\d+) upgraded, (\d+) newly installed/;

/**
 * Reads the output of apt, dnf, zypper, apk or mmdebstrap for what a person wants to know of it.
 * @returns a function that turns a line into a text such as `setting up dbus (12 of 240)`; `undefined` for other lines
 */
export function createPackageReader(): (line: string) => string | undefined {
  let [done, total] = [0, 0];
  return (line) => {
    const planned = PLANNED.exec(line);
    if (planned) [done, total] = [0, Number(planned[1]) + Number(planned[2])];
    for (const { pattern, words, counts } of PATTERNS) {
      const groups = pattern.exec(line)?.groups;
      if (groups === undefined) continue;
      if (counts) done += 1;
      const of = groups['total'] ?? (counts && total >= done ? String(total) : undefined);
      const text = words.replace('{}', groups['name'] ?? '');
      return of === undefined ? text : `${text} (${groups['done'] ?? done} of ${of})`;
    }
    return undefined;
  };
}

/** Passes what a package manager does to `show`. @returns a function to call with each line of its output */
export function followPackages(show: (text: string) => void): (line: string) => void {
  const read = createPackageReader();
  return (line) => {
    const text = read(line);
    if (text !== undefined) show(text);
  };
}
