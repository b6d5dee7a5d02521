/** A file to write: its name without directory, and its content. */
export interface NetworkFile {
  readonly name: string;
  readonly content: string;
}

/** A section of an INI file; lines that are not text are left out. */
export type Section = readonly [name: string, lines: readonly (string | false | undefined)[]];

/** Renders an INI file, without empty sections. */
export function iniFile(name: string, sections: readonly Section[]): NetworkFile {
  const lines = sections.flatMap(([title, all]) => {
    const present = all.filter((line) => typeof line === 'string');
    return present.length === 0 ? [] : [`[${title}]`, ...present, ''];
  });
  return { name, content: ['# From the kernel command line.', ...lines].join('\n') };
}
