import { existsSync } from 'node:fs';
import { projectFile } from '../pipeline/project-files.ts';

/**
 * Says where the pages are that a message names, as lines for people.
 * @param text the message and its remedy, which name pages by their paths below `docs`
 * @returns nothing for pages below the working directory, where their names lead to them
 */
export function docLines(text: string): string[] {
  const named = new Set(text.match(/\bdocs\/[\w./-]+\.(?:md|json)\b/g));
  return [...named].filter((page) => !existsSync(page)).map((page) => `  docs: ${projectFile(page)}`);
}
