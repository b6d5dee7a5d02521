// Records the terminal session of docs/first-image.md from real commands: `npm run record`. It builds an image, which takes some minutes.
// With the path of a file, it also keeps there what the programs wrote, or uses that again if the file exists.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Captured, capture } from './capture.ts';
import { castEvents, formatCast } from './cast.ts';
import { RECORDING, recordingPicture } from './files.ts';
import { SESSION } from './session.ts';

const PROJECT = join(import.meta.dirname, '../..');

/** Runs the session in a home of its own, without a name of this machine or its user. The path of that home is shown as `~`. */
async function captureSession(home: string): Promise<Captured[]> {
  const [bin, project] = [join(home, 'bin'), join(home, 'project')];
  for (const directory of [bin, project, join(home, '.ssh')]) await mkdir(directory);
  await symlink(join(PROJECT, 'bin/kairos-factory'), join(bin, 'kairos-factory'));
  const key = ['-q', '-t', 'ed25519', '-N', '', '-C', 'admin', '-f', join(home, '.ssh/id_ed25519')];
  await promisify(execFile)('ssh-keygen', key);
  const env = {
    HOME: home,
    PATH: `${bin}:${process.env['PATH']}`,
    SHELL: '/bin/sh',
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
    KAIROS_FACTORY_PROGRAM: 'kairos-factory',
  };
  const all: Captured[] = [];
  for (const one of SESSION) {
    process.stderr.write(`${one.command}\n`);
    const { command, written } = await capture(one, { cwd: project, env });
    all.push({
      command,
      written: written.map(({ time, text }) => ({ time, text: text.replaceAll(home, '~') })),
    });
  }
  return all;
}

async function captured(): Promise<Captured[]> {
  const [file] = process.argv.slice(2);
  if (file !== undefined && existsSync(file)) return JSON.parse(await readFile(file, 'utf8')) as Captured[];
  const home = await mkdtemp(join(tmpdir(), 'recording-'));
  try {
    const session = await captureSession(home);
    if (file !== undefined) await writeFile(file, JSON.stringify(session));
    return session;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

const cast = formatCast(castEvents(await captured()));
await writeFile(join(PROJECT, RECORDING.cast), cast);
await writeFile(join(PROJECT, RECORDING.picture), recordingPicture(cast));
