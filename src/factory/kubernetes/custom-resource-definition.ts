import type { z } from 'zod';
import type { Kind } from './kinds.ts';
import type { KubeObject } from './objects.ts';
import { structuralSchema } from './structural-schema.ts';

/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'date' | 'integer';
  readonly jsonPath: string;
}

/** The schemas of a kind of our own, and how people see it. */
export interface ResourceDefinition {
  readonly kind: Kind;
  readonly shortNames?: readonly string[];
  /** Of the kind as a whole, for `kubectl explain`. */
  readonly description: string;
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  readonly columns: readonly PrinterColumn[];
}

/**
 * The manifest that makes a kind known to the API server, with a status of its own.
 * @throws RangeError for schemas that Kubernetes cannot express
 */
export function customResourceDefinition(
  definition: ResourceDefinition,
): KubeObject & { readonly spec: unknown } {
  const { kind, shortNames = [], description, spec, status, columns } = definition;
  const [group = '', version = ''] = kind.apiVersion.split('/');
  const singular = kind.kind.toLowerCase();
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${group}` },
    spec: {
      group,
      scope: kind.namespaced ? 'Namespaced' : 'Cluster',
      names: {
        ...{ kind: kind.kind, listKind: `${kind.kind}List`, plural: kind.plural, singular },
        ...(shortNames.length > 0 && { shortNames }),
      },
      versions: [
        {
          ...{ name: version, served: true, storage: true },
          additionalPrinterColumns: columns,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              ...{ type: 'object', description, required: ['spec'] },
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                spec: structuralSchema(spec),
                status: structuralSchema(status),
              },
            },
          },
        },
      ],
    },
  };
}
