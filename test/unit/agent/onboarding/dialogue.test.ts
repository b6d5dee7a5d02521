import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import {
  askInstallation,
  Cancelled,
  renderAnswers,
  type Terminal,
} from '../../../../src/agent/onboarding/dialogue.ts';
import { openTerminal } from '../../../../src/agent/onboarding/terminal.ts';
import { parseCloudConfig } from '../../../../src/common/cloud-config/parse.ts';
import { validateCloudConfig } from '../../../../src/common/cloud-config/validate.ts';

const DISKS = [
  { path: '/dev/vda', size: 2 ** 34, model: 'QEMU' },
  { path: '/dev/vdb', size: 2 ** 35, model: '' },
];
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKz0VgJLz0Mvr3oQWkTe7lFyQhc2pOIkC2x0Ck1Bo6Zz me@here';

function scripted(answers: readonly string[]): Terminal & { readonly said: () => string } {
  const left = [...answers];
  let said = '';
  const next = async (question: string) => {
    said += question;
    const answer = left.shift();
    if (answer === undefined) throw new Error(`no answer to: ${question}`);
    return answer;
  };
  return {
    say: (text) => {
      said += text;
    },
    ask: next,
    askSecret: next,
    said: () => said,
  };
}

describe('askInstallation', () => {
  test('creates a valid configuration, and hides the password', async () => {
    const terminal = scripted(['2', 'ann', 'secret word', 'secret word', KEY, 'node-1', 'p', '/dev/vdb']);
    const answers = await askInstallation(terminal, DISKS);
    const text = renderAnswers(answers);
    const document = parseCloudConfig('answers', text);
    expect(validateCloudConfig(document, { strict: true })).toEqual([]);
    expect(document.data).toMatchObject({
      hostname: 'node-1',
      install: { device: '/dev/vdb', poweroff: true },
      users: [
        {
          name: 'ann',
          groups: ['admin'],
          ssh_authorized_keys: [KEY],
          passwd: expect.stringMatching(/^\$6\$/),
        },
      ],
    });
    expect(terminal.said()).not.toMatch(/secret word|\$6\$/);
    expect(terminal.said()).toContain('ALL DATA ON /dev/vdb WILL BE LOST');
  });

  test('uses defaults, and asks again after invalid answers', async () => {
    const terminal = scripted([
      '7',
      '',
      'Ann Smith',
      '',
      'one',
      'two',
      '',
      'no key',
      '',
      'github:ann',
      '-bad-',
      '',
      'x',
      '',
      '/dev/vda',
    ]);
    const answers = await askInstallation(terminal, DISKS);
    expect(answers).toEqual({
      device: '/dev/vda',
      user: 'kairos',
      passwordHash: undefined,
      sshKey: 'github:ann',
      hostname: undefined,
      finish: 'reboot',
    });
    for (const said of [
      'enter the number of a disk',
      'lower-case letters',
      'The passwords differ',
      'enter an SSH public key on one line',
      'nobody could log in',
      'letters, digits, - and .',
      'answer r, p or s',
    ]) {
      expect(terminal.said()).toContain(said);
    }
  });

  test('writes nothing unless the name of the disk is typed', async () => {
    const terminal = scripted(['1', '', 'pw', 'pw', '', '', '', 'yes']);
    await expect(askInstallation(terminal, DISKS)).rejects.toThrow(Cancelled);
  });
});

describe('openTerminal', () => {
  const streams = () => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    let shown = '';
    output.on('data', (chunk: Buffer) => {
      shown += chunk.toString();
    });
    return { input, output, shown: () => shown };
  };

  test('asks questions, and does not echo a secret', async () => {
    const { input, output, shown } = streams();
    using terminal = openTerminal(input as never, output as never);
    const name = terminal.ask('Name: ');
    input.write('ann\n');
    expect(await name).toBe('ann');
    const secret = terminal.askSecret('Password: ');
    input.write('hush\n');
    expect(await secret).toBe('hush');
    expect(shown()).toContain('Password: \n');
    expect(shown()).not.toContain('hush');
  });

  test('the end of the input cancels', async () => {
    const { input, output } = streams();
    using terminal = openTerminal(input as never, output as never);
    const name = terminal.ask('Name: ');
    input.end();
    await expect(name).rejects.toThrow(Cancelled);
  });
});
