/** The files that a menu may look at. A device is any text that `search` returned, or `DEVICE!PATH` for a file that was opened. */
export interface GrubFiles {
  /** The device with a label, or with a file. */
  readonly search: (wanted: {
    readonly label?: string;
    readonly file?: string;
  }) => Promise<string | undefined>;
  /** The size of a file; `undefined` when there is none. */
  readonly size: (device: string, path: string) => Promise<number | undefined>;
  /** The content of a file; `undefined` when there is none, or it is too large for a script. */
  readonly read: (device: string, path: string) => Promise<Buffer | undefined>;
}
