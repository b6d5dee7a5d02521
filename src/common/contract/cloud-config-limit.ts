/** Bytes that a file with a cloud-config may have (docs/contract.md 4.1). */
export const CLOUD_CONFIG_LIMIT = 1024 * 1024;
