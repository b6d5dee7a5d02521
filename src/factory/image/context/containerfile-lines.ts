/** Directory of the build's own files inside the image; the last step removes it. */
export const BUILD_HOME = '/kairos-build';

/** An instruction that runs a program without a shell around it. */
export function run(...words: readonly string[]): string {
  return `RUN ${JSON.stringify(words).replaceAll('","', '", "')}`;
}

/** An instruction that runs one of our scripts. */
export function runScript(script: string, ...args: readonly string[]): string {
  return run('/bin/sh', `${BUILD_HOME}/${script}`, ...args);
}
