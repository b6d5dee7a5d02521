import { hashFile } from '../../../common/files/digest.ts';
import type { ArtifactsSpec } from '../../config/schema.ts';
import { publicReference } from '../../inspect/provenance/public-parameters.ts';
import { readAgentParts } from '../../inspect/sbom/agent-parts.ts';
import { cycloneDxDocument } from '../../inspect/sbom/cyclonedx.ts';
import { readInventory } from '../../inspect/sbom/read-inventory.ts';
import { spdxDocument } from '../../inspect/sbom/spdx.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { defineStep, type Step } from '../step.ts';
import { documentsAreCurrent, SBOM_STEP, writeDocuments } from './document.ts';
import { openOsImage } from './open-os-image.ts';
import { IMAGE_STEP, osImageFacts } from './os-image-facts.ts';

/** Increase this number when the documents for an unchanged image change. */
const FORMAT = 1;

/**
 * The step that writes the SBOM of the OS image as SPDX and CycloneDX.
 * @param bundles references of the bundles in the image
 */
export function sbomStep(
  env: Pick<BuildEnvironment, 'engine' | 'partial' | 'tool' | 'agents'>,
  spec: Pick<ArtifactsSpec, 'output'>,
  bundles: readonly string[],
): Step {
  const names = bundles.map(publicReference);
  return defineStep(SBOM_STEP, {
    title: 'write SBOMs',
    needs: [IMAGE_STEP.id],
    inputs: async () => [FORMAT, spec.output, env.tool, await readAgentParts(env.agents), names],
    isCurrent: documentsAreCurrent,
    run: async ({ say }, results) => {
      const image = osImageFacts(results);
      await using open = await openOsImage(env, results);
      say('reading the packages');
      const inventory = await readInventory(open.root, {
        facts: image.facts,
        agents: await readAgentParts(env.agents),
        bundles: names,
        hash: hashFile,
      });
      return await writeDocuments(env, {
        output: spec.output,
        facts: image.facts,
        contents: {
          spdx: spdxDocument(inventory, env.tool),
          cyclonedx: cycloneDxDocument(inventory, env.tool),
        },
      });
    },
  });
}
