/** The result of one check in one machine. */
export interface ProofResult {
  /** The artifact and the firmware, such as `os.iso on uefi`. */
  readonly machine: string;
  /** The event and the check, such as `upgrade: the agent runs`. */
  readonly name: string;
  readonly seconds: number;
  /** What the check printed. */
  readonly output: string;
  /** Why it failed; absent if it passed. */
  readonly failure?: string;
}
