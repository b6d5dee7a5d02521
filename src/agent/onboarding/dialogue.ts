import { renderYaml } from '../../common/cloud-config/render.ts';
import { newSalt, sha512Crypt } from '../accounts/sha512-crypt.ts';
import { type Disk, describeDisk } from '../disks.ts';

/** A terminal for a dialogue. */
export interface Terminal {
  say(text: string): void;
  ask(question: string): Promise<string>;
  /** Asks without echoing the input. */
  askSecret(question: string): Promise<string>;
}

/** The answers of the dialogue. */
export interface Answers {
  readonly device: string;
  readonly user: string;
  /** Password hash for `users[].passwd`. */
  readonly passwordHash: string | undefined;
  readonly sshKey: string | undefined;
  readonly hostname: string | undefined;
  readonly finish: 'reboot' | 'poweroff' | undefined;
}

/** Thrown when the person cancels the dialogue. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/** Account names that useradd(8) accepts. */
const USER = /^[a-z_][a-z0-9_-]{0,31}$/;
/** RFC 1123 labels, joined by dots. */
const HOSTNAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const SSH_KEY = /^(ssh-(ed25519|rsa)|ecdsa-sha2-\S+|sk-\S+) [A-Za-z0-9+/=]+( .*)?$|^(github|gitlab):[\w.-]+$/;

/**
 * Asks for everything that an installation needs (docs/contract.md 5.1, `interactive-install`), repeating a question after
 * an invalid answer.
 * @throws Cancelled when the person does not confirm
 */
export async function askInstallation(terminal: Terminal, disks: readonly Disk[]): Promise<Answers> {
  terminal.say('\nDisks:\n');
  for (const [index, disk] of disks.entries()) terminal.say(`  ${index + 1}  ${describeDisk(disk)}\n`);
  const number = await repeat(terminal, `Install to disk [1-${disks.length}]: `, (text) =>
    disks[Number(text || 1) - 1] ? undefined : 'enter the number of a disk',
  );
  const disk = disks[Number(number || 1) - 1];
  const user =
    (await repeat(terminal, 'Name of the administrator [kairos]: ', (text) =>
      text === '' || USER.test(text)
        ? undefined
        : 'use lower-case letters, digits, - and _, starting with a letter or _',
    )) || 'kairos';
  const password = await askPassword(terminal);
  const sshKey = await repeat(terminal, 'SSH key, or github:NAME (empty for none): ', (text) => {
    if (text === '') return password === '' ? 'nobody could log in: enter a password or a key' : undefined;
    return SSH_KEY.test(text) ? undefined : 'enter an SSH public key on one line, or github:NAME';
  });
  const hostname = await repeat(terminal, 'Host name (empty to generate one): ', (text) =>
    text === '' || HOSTNAME.test(text) ? undefined : 'use letters, digits, - and .',
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
    `ALL DATA ON ${answers.device} WILL BE LOST. Type ${answers.device} to continue: `,
  );
  if (confirmed.trim() !== answers.device) throw new Cancelled('nothing was written');
  return answers;
}

/** Renders answers as a cloud-config. */
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
  return `#cloud-config\n${renderYaml(config)}`;
}

async function askPassword(terminal: Terminal): Promise<string> {
  for (;;) {
    const first = await terminal.askSecret('Password (empty for none): ');
    if (first === '' || first === (await terminal.askSecret('Repeat the password: '))) return first;
    terminal.say('The passwords differ.\n');
  }
}

async function repeat(
  terminal: Terminal,
  question: string,
  check: (answer: string) => string | undefined,
): Promise<string> {
  for (;;) {
    const answer = (await terminal.ask(question)).trim();
    const problem = check(answer);
    if (problem === undefined) return answer;
    terminal.say(`  ${problem}\n`);
  }
}
