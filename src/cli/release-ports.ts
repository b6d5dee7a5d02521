import type { ReleasePorts } from '../release/ports.ts';

/** How releases of this program are signed, verified and pushed. */
export function releasePorts(): ReleasePorts {
  return {};
}
