import { parseCast } from './cast.ts';
import { drawCast } from './svg.ts';

/** Where the recording is: for asciinema, and as a picture, which the first is the source of. */
export const RECORDING = {
  cast: 'docs/recordings/first-image.cast',
  picture: 'docs/recordings/first-image.svg',
} as const;

/** Draws the picture of a recording. */
export function recordingPicture(cast: string): string {
  return drawCast(parseCast(cast), 'A terminal: a project is made, built and looked at with kairos-factory');
}
