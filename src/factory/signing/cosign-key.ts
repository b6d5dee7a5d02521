/** Whether a text is a private key in cosign's own form, which always has a password (cosign, `pkg/cosign/keys.go`). */
export function isCosignKey(text: string): boolean {
  return /-----BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----/.test(text);
}
