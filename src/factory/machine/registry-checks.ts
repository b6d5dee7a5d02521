import { messageOf } from '../../common/errors/factory-error.ts';
import { PERSON_CLIENT } from '../../common/oci/registry/client.ts';
import { findCredentials } from '../../common/oci/registry/credentials.ts';
import type { ImageReference } from '../../common/oci/registry/image-reference.ts';
import type { RegistrySettings } from '../config/registries.ts';
import { createRegistryHost } from '../inputs/base/registry-host.ts';
import { placesOf } from '../inputs/base/registry-places.ts';
import type { Runner } from '../tools/runner.ts';
import type { Check } from './check.ts';

/** An image in a registry that a build reads or writes. */
export interface RegistryUse {
  readonly image: ImageReference;
  readonly registries: readonly RegistrySettings[];
  /** Whether the build pushes to it: that is hardly ever allowed without credentials. */
  readonly isPush: boolean;
}

/** Looks for the credentials of the registries that a build uses. No registry is asked. */
export async function checkRegistries(
  uses: readonly RegistryUse[],
  { runner, env }: { readonly runner: Runner; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<Check[]> {
  const host = createRegistryHost({ runner, env, warn: () => undefined });
  const found = new Map<string, Check>();
  for (const { image, registries, isPush } of uses) {
    // A push goes to the registry itself, never to a mirror.
    const places = placesOf(image, registries).filter(({ isMirror }) => !isPush || !isMirror);
    for (const { reference } of places) {
      const problems: string[] = [];
      const credentials = await findCredentials(host, reference, {
        client: PERSON_CLIENT,
        onProblem: (problem) => problems.push(problem),
      }).catch((error: unknown) => void problems.push(messageOf(error)));
      const missing = isPush && credentials === undefined ? ['a push needs credentials'] : [];
      const problem = [...problems, ...missing].join('; ');
      const purpose = isPush ? 'receives the image' : 'provides images';
      found.set(`${reference.registry} ${isPush}`, {
        area: 'registries',
        name: reference.registry,
        state: problem === '' ? 'ok' : 'warning',
        found: credentials === undefined ? 'no credentials, anonymous access' : 'credentials',
        purpose,
        ...(problem === '' ? {} : { problem, remedy: `Log in: docker login ${reference.registry}` }),
      });
    }
  }
  return [...found.values()];
}
