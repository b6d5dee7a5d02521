import { z } from 'zod';

const Flag = z.boolean().optional();
const Text = z.string().optional();
const Strings = z.array(z.string());
const Environment = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/** A Kubernetes service of the node (docs/contract.md 8.2). */
export const KubernetesService = z.looseObject({
  enabled: Flag.meta({ description: 'Run it on this node.' }),
  args: Strings.optional().meta({ description: 'Arguments added to those of the provider.' }),
  env: Environment.optional().meta({ description: 'Environment added to that of the provider.' }),
  replace_args: Flag.meta({ description: 'Use args instead of those of the provider.' }),
  replace_env: Flag.meta({ description: 'Use env instead of that of the provider.' }),
  embedded_registry: Flag.meta({ description: 'Nodes share their container images.' }),
});

/** The mesh between nodes, and the roles that it assigns (docs/contract.md 8.3). */
export const P2p = z.looseObject({
  network_token: Text.meta({ description: 'Secret shared by the nodes of a network.' }),
  network_id: Text.meta({ description: 'Name of the network; kairos by default.' }),
  role: Text.meta({ description: 'master, master/clusterinit, master/ha, worker, auto or none.' }),
  dns: Flag.meta({ description: 'Resolve names inside the mesh.' }),
  loglevel: Text.meta({ description: 'Log level of the service.' }),
  disable_dht: Flag.meta({ description: 'Find nodes on the local network only.' }),
  dynamic_roles: Flag.meta({ description: 'Allow roles to change later.' }),
  minimum_nodes: z.int().min(1).optional().meta({ description: 'Nodes to wait for; 2 by default.' }),
  vpn: z
    .looseObject({
      create: Flag.meta({ description: 'Set up the network.' }),
      use: Flag.meta({ description: 'Use it for Kubernetes traffic.' }),
      env: Environment.optional().meta({ description: 'Environment of the service.' }),
    })
    .optional(),
  auto: z
    .looseObject({
      enable: Flag.meta({ description: 'Let nodes agree on their roles.' }),
      ha: z
        .looseObject({
          enable: Flag.meta({ description: 'Several control plane nodes.' }),
          external_db: Text.meta({ description: 'Address of a database to use instead of etcd.' }),
          master_nodes: z
            .int()
            .min(0)
            .optional()
            .meta({ description: 'Number of control plane nodes in addition to the first.' }),
        })
        .optional(),
    })
    .optional(),
});

/** A virtual address for the control plane (docs/contract.md 8.3). */
export const KubeVip = z.looseObject({
  enable: Flag.meta({ description: 'Run it on this node.' }),
  eip: Text.meta({ description: 'The address.' }),
  interface: Text.meta({ description: 'Network interface that gets the address.' }),
  manifest_url: Text.meta({ description: 'Manifest to use instead of the default one.' }),
  static_pod: Flag.meta({ description: 'Run as a static pod.' }),
  version: Text.meta({ description: 'Version of kube-vip.' }),
  image: Text.meta({ description: 'Container image of kube-vip.' }),
});
