import { resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { EXIT_STATUS } from '../../../common/errors/factory-error.ts';
import { FIRMWARES, parseFirmware } from '../../boot/machine.ts';
import { toolVersion } from '../../pipeline/project-files.ts';
import { withSession } from '../../pipeline/session.ts';
import { LIFE_EVENTS, parseLife } from '../../prove/life.ts';
import type { ProofResult } from '../../prove/proof-result.ts';
import { proofSubjects } from '../../prove/proof-subjects.ts';
import { type Proof, prove } from '../../prove/prove.ts';
import { readChecks } from '../../prove/read-checks.ts';
import { ARTIFACT_OPTIONS } from '../artifact-options.ts';
import { archOf, numberOf, usesKvm } from '../machine-options.ts';
import { presentReport } from '../present-report.ts';
import { rememberLog } from '../render-error.ts';

/** Seconds for one boot or one script, with hardware virtualisation and without. */
const LIMIT = { kvm: 300, emulated: 1200 };
const TIMEOUT = { flag: '--timeout', largest: 86_400, what: 'a number of seconds' };

/** `kairos-factory prove`: boots artifacts, and lets the systems themselves say that they work. */
export function proveCommand() {
  return new Command('prove')
    .description('boot artifacts in QEMU, and let the systems themselves show that they work')
    .argument('<what>', 'an ISO, raw or qcow2 file, or the output directory of a build')
    .option('--firmware <kinds>', `${FIRMWARES.join(',')}: on which to boot`, 'uefi')
    .option('--life <events>', `${LIFE_EVENTS.join(',')}: what happens to the node`, 'boot')
    .option('--checks <path>', 'your own checks: a shell script, or a directory of them')
    .option('--evidence <dir>', 'directory for consoles, pictures, junit.xml and test-result.json', 'proof')
    .option('--timeout <seconds>', 'limit for one boot or one check (default: 300; 1200 when emulated)')
    .option('--no-kvm', 'emulate, even if hardware virtualisation is available')
    .addOption(ARTIFACT_OPTIONS.json)
    .action(async (what, options) => {
      await presentReport({ json: options.json }, async () => {
        const artifacts = await proofSubjects(what);
        const arch = archOf(artifacts[0] ?? '');
        const kvm = await usesKvm(options, arch);
        const request = {
          artifacts,
          arch,
          kvm,
          firmwares: options.firmware.split(',').map((word) => parseFirmware(word.trim())),
          events: parseLife(options.life),
          checks: options.checks === undefined ? [] : await readChecks(resolve(options.checks)),
          limit:
            1000 *
            (options.timeout === undefined
              ? LIMIT[kvm ? 'kvm' : 'emulated']
              : numberOf({ ...TIMEOUT, text: options.timeout })),
          evidence: resolve(options.evidence),
          tool: toolVersion(),
          onResult: (result: ProofResult) => void process.stderr.write(`${renderResult(result)}\n`),
        };
        const proof = await withSession((session) => prove(request, session), { onLog: rememberLog });
        return { json: proof, text: render(proof), status: proof.passed ? 0 : EXIT_STATUS.verification };
      });
    });
}

function renderResult({ machine, name, output, failure }: ProofResult): string {
  const detail = output === '' ? '' : ` (${output.split('\n').at(-1)})`;
  if (failure === undefined) return `passed  ${machine}: ${name}${detail}`;
  return [`FAILED  ${machine}: ${name}: ${failure}`, ...output.split('\n').map((line) => `  ${line}`)].join(
    '\n',
  );
}

function render({ passed, results, junit, statement }: Proof): string {
  const failed = results.filter(({ failure }) => failure !== undefined).length;
  const summary = passed
    ? `All ${results.length} checks passed.`
    : `${failed} of ${results.length} checks failed.`;
  return `${summary}\n${junit}\n${statement}\n`;
}
