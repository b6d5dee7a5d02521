import type { Host } from '../../common/host/host.ts';
import { issueFile, writeIssue } from './write-issue.ts';

/** Directory of texts that pam_motd(8) shows after a login; OpenRC images without PAM show it from a profile. */
const MOTD = '/etc/motd.d';

/** A text for the people who log in. */
export interface Notice {
  /** Texts are shown in the order of their names. */
  readonly name: string;
  /** Shown above the login prompt, to everybody. */
  readonly issue: string;
  /** Shown after a login. */
  readonly motd: string;
}

/** Shows a notice at every login, until the next boot or {@link withdrawNotice}. */
export async function showNotice(host: Host, { name, issue, motd }: Notice): Promise<void> {
  await writeIssue(host, `${name}.issue`, issue);
  await host.write(`${MOTD}/${name}`, motd);
}

/** Shows a notice no longer. */
export async function withdrawNotice(host: Host, name: string): Promise<void> {
  for (const file of [await issueFile(host, `${name}.issue`), `${MOTD}/${name}`]) {
    if ((await host.stat(file)) !== undefined) await host.remove(file);
  }
}
