/** Thrown by the tar parsers; their caller turns it into an error that names the archive. */
export class MalformedTar extends Error {}
