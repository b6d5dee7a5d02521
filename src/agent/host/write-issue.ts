import type { Host } from '../../common/host/host.ts';

/**
 * Writes a text that agetty(8) shows above every login prompt.
 *
 * agetty before util-linux 2.39 reads `/etc/issue.d` only beside a file `/etc/issue`, and `/run/issue.d` only without one
 * (`eval_issue_file` in agetty.c). Later versions read both directories, so the text is in one of them only.
 * @param name file name, which ends in `.issue`; agetty shows files in the order of their names
 */
export async function writeIssue(host: Host, name: string, text: string): Promise<void> {
  // agetty would interpret a backslash as an escape.
  await host.write(await issueFile(host, name), text.replaceAll('\\', '\\\\'));
}

/** The file that {@link writeIssue} writes. */
export async function issueFile(host: Host, name: string): Promise<string> {
  const directory = (await host.stat('/etc/issue')) === undefined ? '/run/issue.d' : '/etc/issue.d';
  return `${directory}/${name}`;
}
