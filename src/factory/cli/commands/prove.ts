import { resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { EXIT_STATUS } from '../../../common/errors/factory-error.ts';
import { LIFE_EVENTS } from '../../../common/trust/proof.ts';
import { parseFirmware } from '../../boot/machine.ts';
import { workingKvm } from '../../boot/working-kvm.ts';
import { A_BOOTABLE } from '../../config/bootable.ts';
import { loadSigningSpec } from '../../config/command-specs.ts';
import { FIRMWARES, LONGEST_LIMIT, lifeOf } from '../../config/prove.ts';
import {
  type ImageProofOptions,
  type ImageToProve,
  imageToProve,
} from '../../deliver/publish/image-to-prove.ts';
import { type ProofSource, parseProofSource } from '../../deliver/publish/proof-source.ts';
import { signProof } from '../../deliver/publish/sign-proof.ts';
import { openPushSigner } from '../../deliver/publish/sign-pushed.ts';
import { TEMPLATES, toolVersion } from '../../pipeline/project-files.ts';
import { withSession } from '../../pipeline/session.ts';
import { parseEvents } from '../../prove/life.ts';
import { proofLimit } from '../../prove/proof-limit.ts';
import type { ProofResult } from '../../prove/proof-result.ts';
import { proofSubjects } from '../../prove/proof-subjects.ts';
import { prove } from '../../prove/prove.ts';
import { readChecks } from '../../prove/read-checks.ts';
import { secretVariables } from '../../signing/signer.ts';
import { ARTIFACT_OPTIONS, configurationFile } from '../artifact-options.ts';
import { askPassword } from '../ask-password.ts';
import { archOf, numberOf } from '../machine-options.ts';
import { GROUPS } from '../option-groups.ts';
import { presentReport } from '../present-report.ts';
import { rememberLog } from '../render-error.ts';
import { renderProof, renderResult } from '../render-proof.ts';
import { notice, say } from '../say.ts';
import { shownBuild } from '../shown-build.ts';
import { NO_SIGN_OPTION, requireSigner, SIGN_OPTION, signFlag } from '../sign-options.ts';
import { ranInUserNamespace } from '../user-namespace.ts';
import { warn } from '../warn.ts';

const TIMEOUT = { flag: '--timeout', largest: LONGEST_LIMIT, what: 'a number of seconds' };

/** `kairos-factory prove`: boots artifacts, and lets the systems themselves say that they work. */
export function proveCommand() {
  return new Command('prove')
    .argument(
      '<what>',
      `${A_BOOTABLE} file, the output directory of a build, or an image: NAME:TAG or docker://REGISTRY/NAME:TAG[@DIGEST], docker-daemon:NAME[:TAG], oci:DIR[:TAG], docker-archive:FILE, FILE.tar[.gz|.xz|.zst], dir:DIR`,
    )
    .optionsGroup(GROUPS.proof)
    .option('--firmware <kinds>', `firmware to boot on: ${FIRMWARES.join(', ')}`, 'uefi')
    .option('--life <events>', `what happens to the node: ${LIFE_EVENTS.join(', ')}`, 'boot')
    .option('--checks <path>', 'your own checks: a shell script, or a directory of them')
    .option('--evidence <dir>', 'directory for consoles, pictures, junit.xml and test-result.json', 'proof')
    .option('--timeout <seconds>', 'limit for one boot or one check (default: 300; 1200 when emulated)')
    .option('--no-kvm', 'emulate, even if hardware virtualisation is available')
    .addOption(SIGN_OPTION)
    .addOption(NO_SIGN_OPTION)
    .addOption(ARTIFACT_OPTIONS.config)
    .addOption(ARTIFACT_OPTIONS.set)
    .addOption(ARTIFACT_OPTIONS.json)
    .action(async (what, options) => {
      await presentReport({ json: options.json }, async () => {
        const { registries, sign: configured } = await loadSigningSpec({
          ...configurationFile(options.config),
          set: options.set ?? [],
          flags: signFlag(options.sign),
        });
        const sign = options.sign === false ? undefined : configured;
        requireSigner(options.sign, sign);
        await askPassword(sign);
        const events = lifeOf(parseEvents('--life', options.life));
        const source = parseProofSource(what, process.cwd());
        if (source.kind === 'image' && (await ranInUserNamespace())) return undefined;
        await using opened = await open(source, { events, registries, set: options.set ?? [] });
        const { subjects, pushed } = opened;
        const arch = archOf(subjects.artifacts[0]?.file ?? '');
        const { timeout } = options;
        const seconds = timeout === undefined ? undefined : numberOf({ ...TIMEOUT, text: timeout });
        const request = {
          subjects,
          arch,
          firmwares: options.firmware.split(',').map((word) => parseFirmware(word.trim())),
          events,
          checks: options.checks === undefined ? [] : await readChecks(resolve(options.checks)),
          evidence: resolve(options.evidence),
          templates: TEMPLATES,
          tool: toolVersion(),
          onResult: (result: ProofResult) => say(renderResult(result)),
        };
        const proof = await withSession(
          async (session) => {
            const { runner, signal } = session;
            // A key that cannot be used is reported before the first boot.
            const signer = sign && (await openPushSigner(sign, session, warn));
            const kvm = await workingKvm(runner, { kvm: options.kvm, arch }, notice);
            const limit = proofLimit(seconds, { kvm });
            const made = await prove({ ...request, kvm, limit }, session);
            if (signer === undefined || !made.passed) return made;
            const access = { runner, registries, env: process.env, signal };
            return {
              ...made,
              signature: await signProof({ ...made, image: pushed }, { ...signer, access, signal, say }),
            };
          },
          { secrets: secretVariables(sign), onLog: rememberLog },
        );
        const status = proof.passed ? 0 : EXIT_STATUS.verification;
        return { json: proof, text: renderProof(proof), status, isAnswer: true };
      });
    });
}

/** Opens the artifacts to prove, or makes them of an image. */
async function open(
  source: ProofSource,
  { events, registries, set }: Omit<ImageProofOptions, 'options'>,
): Promise<Pick<ImageToProve, 'subjects' | 'pushed'> & AsyncDisposable> {
  if (source.kind === 'files') {
    return { subjects: await proofSubjects(source.path), [Symbol.asyncDispose]: async () => undefined };
  }
  return shownBuild((options) =>
    imageToProve(source.reference, { events, set, ...(registries && { registries }), options }),
  );
}
