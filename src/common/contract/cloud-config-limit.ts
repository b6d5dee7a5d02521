/** Maximum size of a cloud-config file, in bytes (docs/contract.md 4.1). */
export const CLOUD_CONFIG_LIMIT = 1024 * 1024;
