import { stringify } from 'yaml';
import { newSalt, sha512Crypt } from '../accounts/sha512-crypt.ts';
import { type Disk, describeDisk } from '../disks.ts';

/** A terminal that asks. */
export interface Terminal {
  say(text: string): void;
  ask(question: string): Promise<string>;
  /** Without showing what is typed. */
  askSecret(question: string): Promise<string>;
}

/** What a person answered. */
export interface Answers {
  readonly device: string;
  readonly user: string;
  /** Hash, for `users[].passwd`. */
  readonly passwordHash: string | undefined;
  readonly sshKey: string | undefined;
  readonly hostname: string | undefined;
  readonly finish: 'reboot' | 'poweroff' | undefined;
}

/** A person who does not go on. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/** Account names that useradd(8) accepts. */
const USER = /^[a-z_][a-z0-9_-]{0,31}$/;
/** RFC 1123 labels, joined by dots. */
const HOSTNAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const SSH_KEY = /^(ssh-(ed25519|rsa)|ecdsa-sha2-\S+|sk-\S+) [A-Za-z0-9+/=]+( .*)?$|^(github|gitlab):[\w.-]+$/;

/**
 * Asks for all that an installation needs (docs/contract.md 5.1, `interactive-install`). A wrong answer is asked for
 * again.
 * @throws Cancelled when the person does not confirm
 */
export async function askInstallation(terminal: Terminal, disks: readonly Disk[]): Promise<Answers> {
  terminal.say('\nDisks:\n');
  for (const [index, disk] of disks.entries()) terminal.say(`  ${index + 1}  ${describeDisk(disk)}\n`);
  const number = await repeat(terminal, `Install to disk [1-${disks.length}]: `, (text) =>
    disks[Number(text || 1) - 1] ? undefined : 'there is no such disk',
  );
  const disk = disks[Number(number || 1) - 1];
  const user =
    (await repeat(terminal, 'Name of the administrator [kairos]: ', (text) =>
      text === '' || USER.test(text)
        ? undefined
        : 'use small letters, digits, - and _, beginning with a letter',
    )) || 'kairos';
  const password = await askPassword(terminal);
  const sshKey = await repeat(terminal, 'SSH key, or github:NAME (empty for none): ', (text) => {
    if (text === '') return password === '' ? 'nobody could log in: give a password or a key' : undefined;
    return SSH_KEY.test(text) ? undefined : 'this is neither an SSH key in one line nor github:NAME';
  });
  const hostname = await repeat(terminal, 'Host name (empty for one of its own): ', (text) =>
    text === '' || HOSTNAME.test(text) ? undefined : 'use letters, digits and -',
  );
  const after = await repeat(terminal, 'Afterwards: (r)eboot, (p)ower off or (s)tay [r]: ', (text) =>
    /^[rps]?$/.test(text) ? undefined : 'answer r, p or s',
  );
  const answers: Answers = {
    device: disk?.path ?? '',
    user,
    passwordHash: password === '' ? undefined : sha512Crypt(password, newSalt()),
    sshKey: sshKey || undefined,
    hostname: hostname || undefined,
    finish: after === 's' ? undefined : after === 'p' ? 'poweroff' : 'reboot',
  };
  terminal.say(
    `\n${renderAnswers({ ...answers, passwordHash: password === '' ? undefined : '(hidden)' })}\n`,
  );
  const confirmed = await terminal.ask(
    `EVERYTHING ON ${answers.device} IS LOST. Type ${answers.device} to go on: `,
  );
  if (confirmed.trim() !== answers.device) throw new Cancelled('nothing was written');
  return answers;
}

/** The cloud-config that answers make. */
export function renderAnswers(answers: Answers): string {
  const user = {
    name: answers.user,
    groups: ['admin'],
    ...(answers.passwordHash === undefined ? {} : { passwd: answers.passwordHash }),
    ...(answers.sshKey === undefined ? {} : { ssh_authorized_keys: [answers.sshKey] }),
  };
  const config = {
    ...(answers.hostname === undefined ? {} : { hostname: answers.hostname }),
    install: { device: answers.device, ...(answers.finish === undefined ? {} : { [answers.finish]: true }) },
    users: [user],
  };
  return `#cloud-config\n${stringify(config)}`;
}

async function askPassword(terminal: Terminal): Promise<string> {
  for (;;) {
    const first = await terminal.askSecret('Password (empty for none): ');
    if (first === '' || first === (await terminal.askSecret('Once more: '))) return first;
    terminal.say('They differ.\n');
  }
}

async function repeat(
  terminal: Terminal,
  question: string,
  objection: (answer: string) => string | undefined,
): Promise<string> {
  for (;;) {
    const answer = (await terminal.ask(question)).trim();
    const wrong = objection(answer);
    if (wrong === undefined) return answer;
    terminal.say(`  ${wrong}\n`);
  }
}
