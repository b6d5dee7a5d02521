import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { Command } from '@commander-js/extra-typings';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { loadSigningSpec } from '../../config/command-specs.ts';
import { loadKubeConfig } from '../../kubernetes/load-kube-config.ts';
import { OPERATOR_KINDS, operatorControllers } from '../../operator/controllers.ts';
import { runOperator } from '../../operator/run-operator.ts';
import type { ListenAddress } from '../../operator/serve-status.ts';
import { createRunner } from '../../tools/runner.ts';
import { interruptedBy, onStopSignal } from '../../tools/stop-signals.ts';
import { ARTIFACT_OPTIONS, configurationFile } from '../artifact-options.ts';
import { numberOf } from '../machine-options.ts';
import { GROUPS } from '../option-groups.ts';
import { report } from '../say.ts';

/** The name of the lease, unless `--lease` gives another. */
const LEASE = 'kairos-factory-operator';

/** `kairos-factory operator`: the controllers of a Kubernetes cluster that builds images, and upgrades its nodes. */
export function operatorCommand() {
  return new Command('operator')
    .optionsGroup(GROUPS.run)
    .option(
      '--kubeconfig <file>',
      'the cluster (default: that of the pod, else KUBECONFIG, else ~/.kube/config)',
    )
    .option('--namespace <name>', 'look after the objects of one namespace only')
    .option(
      '--lease <namespace/name>',
      'lease for which several replicas compete (default: work without one)',
    )
    .optionsGroup(GROUPS.content)
    .option(
      '--image <reference>',
      'container image of this program, which builds run in (default: build nothing)',
    )
    .option('--max-builds <count>', 'builds at the same time; others wait', '2')
    .option('--command-image <reference>', 'image of operations that name none', 'busybox:latest')
    .option(
      '--helper-image <reference>',
      'image of pods that reboot after them: a shell and nsenter (default: --command-image)',
    )
    .optionsGroup(GROUPS.trust)
    .option(
      '--trust-policy <path>',
      'policy file, or trust directory, that an OS image has to satisfy before a pod is made of it (default: only the nodes judge)',
    )
    .optionsGroup(GROUPS.network)
    .option('--metrics <address>', 'serve figures for Prometheus at [HOST]:PORT/metrics')
    .option('--probes <address>', 'serve /healthz and /readyz at [HOST]:PORT')
    .optionsGroup(GROUPS.configuration)
    .addOption(ARTIFACT_OPTIONS.config)
    .addOption(ARTIFACT_OPTIONS.set)
    .action(async (options) => {
      const controller = new AbortController();
      using _signals = onStopSignal((name) => controller.abort(interruptedBy(name)));
      const config = loadKubeConfig({ file: options.kubeconfig, env: process.env });
      const { signal } = controller;
      const { namespace, trustPolicy, commandImage, helperImage = commandImage } = options;
      const maxBuilds = numberOf({ flag: '--max-builds', text: options.maxBuilds, largest: 1000 });
      const { registries } = await loadSigningSpec({
        ...configurationFile(options.config),
        set: options.set ?? [],
        flags: {},
      });
      const runner = createRunner({ signal, log: () => undefined, env: process.env });
      const log = (line: string) => report(`${new Date().toISOString()}  ${line}\n`);
      const access = { runner, registries, signal, env: process.env };
      await runOperator({
        ...{ config, namespace, signal, kinds: OPERATOR_KINDS, log },
        controllers: (ports) =>
          operatorControllers(ports, {
            ...{ image: options.image, maxBuilds, commandImage, helperImage, trustPolicy, access, log },
            watched: namespace,
            namespace: namespace ?? namespaceOfPod() ?? 'default',
          }),
        lease: options.lease === undefined ? undefined : leaseOf(options.lease),
        metrics: addressOf('--metrics', options.metrics),
        probes: addressOf('--probes', options.probes),
      });
    });
}

/** The namespace of the pod that this runs in, which its service account has in a file. */
function namespaceOfPod(): string | undefined {
  try {
    return readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/namespace', 'utf8').trim();
  } catch {
    return undefined;
  }
}

function leaseOf(text: string): {
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
} {
  const [namespace = '', name = LEASE, ...rest] = text.split('/');
  if (namespace === '' || name === '' || rest.length > 0)
    throw new FactoryError('OPTION_INVALID', `--lease: "${text}" is not NAMESPACE or NAMESPACE/NAME`);
  // Pods of one Deployment have different host names, and two processes of one machine different ids.
  return { namespace, name, identity: `${hostname()}-${process.pid}` };
}

/** Parses `:8080` or `127.0.0.1:8080`. @throws FactoryError `usage` */
function addressOf(flag: string, text: string | undefined): ListenAddress | undefined {
  if (text === undefined) return undefined;
  const { host, port } = /^(?<host>[\d.]*|\[[\da-f:]+\]):(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
  if (port === undefined || Number(port) > 65_535)
    throw new FactoryError(
      'OPTION_INVALID',
      `${flag}: "${text}" is not an address such as :8080 or 127.0.0.1:8080`,
    );
  return { host: host?.replace(/^\[|\]$/g, '') || undefined, port: Number(port) };
}
