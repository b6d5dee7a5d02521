import { KIND } from '../kubernetes/kinds.ts';
import type { Node, Pod } from '../kubernetes/objects.ts';
import { podsOn } from './drain-node.ts';
import { commandProblems, daemonSetProblems, isNodeReady, probeUrl } from './node-health.ts';
import { type NodeOperationContext, type NodeTask, removePod } from './node-task.ts';
import type { Report } from './report.ts';

/**
 * Checks the health of a node that runs what it should.
 * @param options.report what it said after its reboot; `undefined` when none was asked for
 * @param options.pod runs the command of `health`
 * @returns what is not yet as it should be, one sentence each
 */
export async function proveNode(
  context: NodeOperationContext,
  task: NodeTask,
  { report, pod }: { readonly report: Report | undefined; readonly pod: Pod | undefined },
): Promise<readonly string[]> {
  const { cache, ask } = context;
  const { op, spec, node: name } = task;
  const { daemonSets, http } = spec.health;
  const { namespace = 'default' } = op.metadata;
  const node = cache.get<Node>(KIND.node, name);
  const hasWishes = daemonSets.length > 0 || http !== undefined || pod !== undefined;
  if (report === undefined && !hasWishes) return [];
  if (node === undefined || !isNodeReady(node)) return ['the node is not ready'];
  const bootedAt = report?.bootedAt ?? 0;
  const pods = daemonSets.length > 0 ? await podsOn(context, name) : [];
  const problems = daemonSetProblems({ daemonSets, namespace, pods, bootedAt });
  if (http !== undefined) {
    const url = probeUrl(http.url, node);
    const found = await ask(url);
    if (found !== String(http.status)) problems.push(`${url} answers ${found}, not ${http.status}`);
  }
  // The last one, because it must be true of a node on which the rest is so.
  return problems.length > 0 || pod === undefined ? problems : await tryCommand(context, pod);
}

async function tryCommand(context: NodeOperationContext, pod: Pod): Promise<readonly string[]> {
  const { api, cache } = context;
  const { name, namespace } = pod.metadata;
  const found = cache.get<Pod>(KIND.pod, name, namespace);
  if (found === undefined) {
    await api.create(pod);
    return ['the command of health begins'];
  }
  const problems = commandProblems(found);
  if (problems === undefined) return ['the command of health runs'];
  if (problems.length > 0) await removePod(context, found);
  return problems;
}
