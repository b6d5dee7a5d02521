import type { Resources } from './schema-parts.ts';

/** What the suffixes of quantities stand for (Kubernetes, `resource.Quantity`). */
const FACTORS: Readonly<Record<string, number>> = {
  ...{ m: 1e-3, '': 1, k: 1e3, K: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
};

/** The largest request and limit of each resource: what one container needs that does the work of several. */
export function largestResources(all: readonly (Resources | undefined)[]): Resources {
  const largest = (field: keyof Resources) => {
    const found: Record<string, string | number> = {};
    for (const resources of all)
      for (const [name, quantity] of Object.entries(resources?.[field] ?? {})) {
        const before = found[name];
        if (before === undefined || amountOf(quantity) > amountOf(before)) found[name] = quantity;
      }
    return Object.keys(found).length > 0 ? { [field]: found } : {};
  };
  return { ...largest('requests'), ...largest('limits') };
}

function amountOf(quantity: string | number): number {
  const [, number = '0', suffix = ''] = /^([0-9.]+(?:[eE][0-9]+)?)([a-zA-Z]*)$/.exec(String(quantity)) ?? [];
  return Number(number) * (FACTORS[suffix] ?? 1);
}
