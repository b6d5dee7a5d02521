import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { writeUserDataVolume } from '../boot/user-data-volume.ts';
import type { Runner } from '../tools/runner.ts';

/** The name of the virtio port over which the system in a machine takes scripts; the responder looks for it. */
export const PROOF_PORT = 'org.kairos.proof';
const RESPONDER = '/run/kairos-proof/responder.sh';

/** systemd ends what a service leaves behind; elsewhere the process only leaves its session. */
const START = `if command -v systemd-run >/dev/null 2>&1; then
  systemd-run --quiet --unit=kairos-proof sh ${RESPONDER}
else
  setsid sh ${RESPONDER} </dev/null >/dev/null 2>&1 &
fi`;

/** The cloud-config that makes a system answer over the port, at each boot. @param responder the script that answers */
export function proofConfig(responder: string): string {
  const file = { path: RESPONDER, permissions: 0o700, content: responder };
  const step = { name: 'Answer the proof', files: [file], commands: [START] };
  const config = { install: { auto: false }, stages: { boot: [step] } };
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`;
}

/** Writes a volume with the configuration of the proof. @returns its path, in the directory */
export async function writeProofVolume(
  runner: Runner,
  { directory, templates }: { readonly directory: string; readonly templates: string },
): Promise<string> {
  const responder = await readFile(join(templates, 'prove/responder.sh'), 'utf8');
  return writeUserDataVolume(runner, directory, proofConfig(responder));
}
