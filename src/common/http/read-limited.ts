/**
 * Reads a body into memory. The `Content-Length` header is checked before the body is read.
 * @param limit in bytes
 * @param tooLarge returns the error for a larger body
 * @throws the error that `tooLarge` returns; the error of the runtime when the body ends early
 */
export async function readLimited(
  response: Response,
  limit: number,
  tooLarge: () => Error,
): Promise<Uint8Array> {
  if (Number(response.headers.get('content-length') ?? 0) > limit) {
    await response.body?.cancel();
    throw tooLarge();
  }
  const { bytes, isWhole } = await readUpTo(response, limit);
  if (!isWhole) throw tooLarge();
  return bytes;
}

/** Reads the beginning of a body and discards the rest. @param limit in bytes */
export async function readBeginning(response: Response, limit: number): Promise<Uint8Array> {
  return (await readUpTo(response, limit)).bytes.subarray(0, limit);
}

async function readUpTo(response: Response, limit: number) {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    // Leaving the loop cancels the body.
    if (size > limit) break;
  }
  return { bytes: Buffer.concat(chunks), isWhole: size <= limit };
}
