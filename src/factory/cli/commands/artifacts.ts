import { Command } from '@commander-js/extra-typings';
import { loadArtifactsSpec } from '../../config/artifacts-spec.ts';
import { ARTIFACT_OPTIONS, artifactFlags, runOptions } from '../artifact-options.ts';
import { askPassword } from '../ask-password.ts';
import { GROUPS } from '../option-groups.ts';
import { presentTargets } from '../run-targets.ts';
import { requireSigner, SIGN_OPTION, signFlag } from '../sign-options.ts';
import { warn } from '../warn.ts';

/** `kairos-factory artifacts`: makes artifacts from an existing OS image. */
export function artifactsCommand() {
  return new Command('artifacts')
    .optionsGroup(GROUPS.system)
    .requiredOption(
      '--image <ref>',
      'OS image: NAME:TAG or docker://REGISTRY/NAME:TAG[@DIGEST], docker-daemon:NAME[:TAG], oci:DIR[:TAG], docker-archive:FILE, FILE.tar[.gz|.xz|.zst], dir:DIR',
    )
    .addOption(ARTIFACT_OPTIONS.artifact)
    .addOption(ARTIFACT_OPTIONS.cloudConfig)
    .addOption(ARTIFACT_OPTIONS.overlayRootfs)
    .addOption(ARTIFACT_OPTIONS.overlayIso)
    .addOption(ARTIFACT_OPTIONS.compression)
    .addOption(ARTIFACT_OPTIONS.ociCompression)
    .addOption(ARTIFACT_OPTIONS.engine)
    .addOption(ARTIFACT_OPTIONS.failOn)
    .addOption(ARTIFACT_OPTIONS.output)
    .addOption(ARTIFACT_OPTIONS.set)
    .addOption(ARTIFACT_OPTIONS.lockFile)
    .addOption(ARTIFACT_OPTIONS.locked)
    .addOption(ARTIFACT_OPTIONS.offline)
    .addOption(ARTIFACT_OPTIONS.push)
    .addOption(ARTIFACT_OPTIONS.plan)
    .addOption(ARTIFACT_OPTIONS.json)
    .addOption(ARTIFACT_OPTIONS.noCache)
    .addOption(SIGN_OPTION)
    .action(async (options) => {
      const flags = {
        image: options.image,
        'push.to': options.push,
        ...artifactFlags(options),
        ...signFlag(options.sign),
      };
      const load = async () => {
        const loaded = await loadArtifactsSpec({ set: options.set ?? [], flags }, warn);
        requireSigner(options.sign, loaded.spec.sign);
        await askPassword(loaded.spec.sign);
        return [loaded];
      };
      await presentTargets(load, runOptions(options));
    });
}
