import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hashFile } from '../../../common/files/digest.ts';
import type { BaseReference } from '../../config/base-reference.ts';
import type { ArtifactsSpec, BuildSpec } from '../../config/schema.ts';
import { registryCredentials } from '../../inputs/base/registry-credentials.ts';
import { notAllowed, PUBLISHED_KEYS } from '../../inspect/audit/allowed.ts';
import { credentialNeedles } from '../../inspect/audit/build-credentials.ts';
import { auditCloudConfig } from '../../inspect/audit/cloud-config.ts';
import { CONTENT_RULES } from '../../inspect/audit/content-rules.ts';
import { FILE_RULES } from '../../inspect/audit/file-rules.ts';
import { secretsFound } from '../../inspect/audit/report.ts';
import type { Needles } from '../../inspect/audit/scan-content.ts';
import { INITRAMFS, scanTree } from '../../inspect/audit/scan-tree.ts';
import type { Finding } from '../../inspect/audit/secret-kinds.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { treeSignature } from '../digests.ts';
import { defineStep, NO_FACTS, type Step } from '../step.ts';
import { openOsImage } from './open-os-image.ts';
import { IMAGE_STEP } from './os-image-facts.ts';

/** The search for secrets. */
const AUDIT_STEP = { id: 'audit', facts: NO_FACTS };
/** Prefix of paths in the ISO overlay, for findings. */
const OVERLAY_ISO = 'overlay-iso:';

/** Digest of the rules: a change of the rules invalidates cached results. */
const RULES = createHash('sha256')
  .update(
    JSON.stringify([
      CONTENT_RULES.map(({ kind, pattern, isSecret }) => [kind, pattern, String(isSecret)]),
      FILE_RULES.map(({ kind, path, content }) => [kind, path.source, content?.source]),
      PUBLISHED_KEYS,
      INITRAMFS.source,
    ]),
  )
  .digest('hex');

/** Options of {@link auditStep}. */
export interface AuditStepOptions {
  /** Images of the build: the audit also searches for the credentials of their registries. */
  readonly images: () => Promise<readonly BaseReference[]>;
  readonly signal: AbortSignal;
}

/**
 * The step that searches the OS image, the ISO overlay and the cloud-config for secrets. No artifact is put in place before
 * it passes.
 */
export function auditStep(
  env: Pick<BuildEnvironment, 'engine' | 'runner' | 'variables'>,
  spec: ArtifactsSpec | BuildSpec,
  { images, signal }: AuditStepOptions,
): Step {
  let found: Promise<Needles> | undefined;
  const needles = () => {
    found ??= buildCredentials(env, spec, images);
    return found;
  };
  return defineStep(AUDIT_STEP, {
    title: 'look for secrets',
    needs: [IMAGE_STEP.id],
    inputs: async () => [
      RULES,
      spec.audit,
      // Digests of credentials are safe here: only the user can read the cache.
      (await needles()).map((needle) => createHash('sha256').update(needle).digest('hex')),
      spec.cloudConfig === undefined ? null : await hashFile(spec.cloudConfig),
      spec.overlayIso === undefined ? null : treeSignature(spec.overlayIso),
    ],
    run: async ({ notice, say }, results) => {
      say('reading every file');
      const findings: Finding[] = [];
      await using open = await openOsImage(env, results);
      findings.push(...(await scanTree(open.root, { name: '', needles: await needles(), signal, notice })));
      if (spec.overlayIso !== undefined)
        findings.push(
          ...(await scanTree(spec.overlayIso, {
            name: OVERLAY_ISO,
            needles: await needles(),
            signal,
            notice,
          })),
        );
      if (spec.cloudConfig !== undefined) {
        const found = auditCloudConfig(await readFile(spec.cloudConfig, 'utf8'), await needles());
        findings.push(...found.findings);
        if (found.clear.length > 0) {
          notice(
            `the cloud-config has plaintext passwords or tokens in line ${found.clear.join(', ')}: ` +
              'everyone with the ISO or a disk image can read them',
          );
        }
      }
      const refused = notAllowed(findings, spec.audit.allow);
      if (refused.length > 0) throw secretsFound(refused);
      // A constant digest: the audit does not affect the artifacts.
      return { facts: {}, files: {}, digest: 'passed' };
    },
  });
}

/** The search of an overlay before the image is built. */
const OVERLAY_STEP = { id: 'audit-overlay', facts: NO_FACTS };

/**
 * The step that searches the overlay of the root filesystem for secrets. It needs nothing, so that a person does not wait for an
 * image that will be refused; the whole image is searched by {@link auditStep}.
 */
export function overlayAuditStep(
  { audit }: Pick<ArtifactsSpec, 'audit'>,
  overlay: string,
  signal: AbortSignal,
): Step {
  return defineStep(OVERLAY_STEP, {
    title: 'look for secrets in the overlay',
    needs: [],
    inputs: async () => [RULES, audit, treeSignature(overlay)],
    run: async ({ notice }) => {
      const findings = await scanTree(overlay, { name: '', needles: [], signal, notice });
      const refused = notAllowed(findings, audit.allow);
      if (refused.length > 0) throw secretsFound(refused, `the overlay ${overlay}`);
      return { facts: {}, files: {}, digest: 'passed' };
    },
  });
}

async function buildCredentials(
  env: Pick<BuildEnvironment, 'runner' | 'variables'>,
  spec: ArtifactsSpec | BuildSpec,
  images: () => Promise<readonly BaseReference[]>,
): Promise<Needles> {
  const { runner, variables } = env;
  const access = { runner, env: variables, registries: spec.registries };
  const found = await Promise.all(
    (await images()).map((reference) =>
      reference.kind === 'docker' ? registryCredentials(access, reference.image) : [],
    ),
  );
  const mirror = 'mirror' in spec ? spec.mirror : undefined;
  return credentialNeedles({
    env: variables,
    registries: found.flat(),
    urls: mirror === undefined ? [] : [mirror],
  });
}
