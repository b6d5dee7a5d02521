/** Headings of options in help, manual pages and the documentation. */
export const GROUPS = {
  system: 'The system:',
  content: 'Your own content:',
  framework: 'The framework:',
  artifacts: 'Artifacts:',
  extension: 'The extension:',
  machine: 'The machine:',
  access: 'Logging in:',
  disks: 'Disks:',
  proof: 'The proof:',
  configuration: 'Configuration and lock:',
  targets: 'Targets:',
  trust: 'Trust:',
  signer: 'The signer:',
  publish: 'Publishing:',
  run: 'How it runs:',
  general: 'General:',
} as const;
