/** How the person started this program, for commands to copy. */
export function programName(): string {
  return process.env['KAIROS_FACTORY_PROGRAM'] ?? 'kairos-factory';
}
