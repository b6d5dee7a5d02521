import { readRecords } from '../../stages/stage-record.ts';
import { type Check, failure, ok } from '../check.ts';

/** Stages of the initramfs, which have their logs in files. */
const EARLY = ['rootfs', 'initramfs'];

/** Everything that the configurations of this node wanted of the stages of this boot was done. */
export const stagesCheck: Check = {
  id: 'stages',
  on: 'any',
  run: async ({ host }) => {
    const records = await readRecords(host);
    if (records.length === 0) return [ok('no stage has run since the machine was started')];
    const isSystemd = (await host.stat('/run/systemd/system')) !== undefined;
    const seen = new Set<string>();
    const findings = records.flatMap(({ stage, failures }) =>
      failures.flatMap(({ place, message }) => {
        const text = `${place}: ${message}`;
        if (seen.has(text)) return [];
        seen.add(text);
        return [
          failure(
            text,
            `${look(stage, { isSystemd })}; correct it, and run "kairos-agent run-stage ${stage}" or reboot.`,
          ),
        ];
      }),
    );
    return findings.length > 0
      ? findings
      : [ok(`no step failed in ${records.map(({ stage }) => stage).join(', ')}`)];
  },
};

/** Where the log of a stage is. */
function look(stage: string, { isSystemd }: { readonly isSystemd: boolean }): string {
  if (EARLY.includes(stage)) return `Read /run/immucore/stage-${stage}.log`;
  if (isSystemd) return `Read "journalctl -b -u cos-setup-${stage}"`;
  return stage === 'network'
    ? 'Read /var/log/kairos-network-stage.log'
    : `Run "kairos-agent run-stage ${stage}" to see it`;
}
