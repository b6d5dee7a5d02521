import { join } from 'node:path';
import { NODE_PATH } from '../../contract/node-paths.ts';

/** A kind of registry client: where its credentials are stored, and the remedies in its errors. */
export interface Client {
  /** The OAuth 2 client id. */
  readonly id: string;
  /** Credential files; the first that has an entry for a registry is used. */
  readonly authFiles: (env: Readonly<Record<string, string | undefined>>) => readonly string[];
  /** The remedy when there are no credentials for a registry. */
  readonly noCredentials: (registry: string) => string;
  /** The remedy when the credentials are refused. */
  readonly badCredentials: (registry: string) => string;
  /** The remedy when the registry has no TLS. */
  readonly withoutTls: (registry: string) => string;
}

/** The user's credential files of podman and docker (containers-auth.json(5), docker-login(1)). */
function ownFiles(env: Readonly<Record<string, string | undefined>>): string[] {
  const { REGISTRY_AUTH_FILE, DOCKER_CONFIG, XDG_RUNTIME_DIR, HOME } = env;
  const places = [
    REGISTRY_AUTH_FILE,
    DOCKER_CONFIG && join(DOCKER_CONFIG, 'config.json'),
    XDG_RUNTIME_DIR && join(XDG_RUNTIME_DIR, 'containers/auth.json'),
    HOME && join(HOME, '.config/containers/auth.json'),
    HOME && join(HOME, '.docker/config.json'),
  ];
  return [...new Set(places.flatMap((place) => place || []))];
}

/** The agent on a node. */
export const NODE_CLIENT: Client = {
  id: 'kairos-agent',
  authFiles: (env) => [
    ...new Set([
      ...ownFiles(env),
      '/run/containers/0/auth.json',
      // Units and the initramfs have no HOME.
      '/root/.config/containers/auth.json',
      '/root/.docker/config.json',
      `${NODE_PATH.settings}/registry.json`,
    ]),
  ],
  noCredentials: (registry) =>
    `Check the name; for a private image, put credentials for ${registry} into /etc/kairos/registry.json or /root/.docker/config.json.`,
  badCredentials: (registry) =>
    `Renew the credentials for ${registry} on this node, and check that they may read this image.`,
  withoutTls: (registry) =>
    `If the network to ${registry} can be trusted, add --allow-insecure-registries, or set allow-insecure-registries under "install" or "upgrade" in the configuration.`,
};

/** The factory, when it reads. */
export const PERSON_CLIENT: Client = {
  id: 'kairos-factory',
  authFiles: ownFiles,
  noCredentials: (registry) =>
    `Check the name; for a private image, log in with "docker login ${registry}" or "podman login ${registry}".`,
  badCredentials: (registry) =>
    `Log in to ${registry} again, and check that your account may read this image.`,
  withoutTls: (registry) =>
    `If the network to ${registry} can be trusted, set "insecure: true" for it in the key "registries" of the configuration.`,
};

/** The factory, when it pushes. */
export const PUSHING_CLIENT: Client = {
  ...PERSON_CLIENT,
  badCredentials: (registry) =>
    `Log in to ${registry} again, and check that your account may push to this repository.`,
};
