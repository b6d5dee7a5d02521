/** Thrown by the parsers of this room, whose caller turns it into an error that names the archive. */
export class MalformedTar extends Error {}
