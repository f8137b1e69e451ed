import { FoveaError } from '@fovea/annotations';
import type { Context } from 'hono';

/** Largest picture taken over HTTP, in bytes. */
export const maxPictureBytes = 64 * 1024 * 1024;

/** Largest JSON body, in bytes. */
export const maxJsonBytes = 1024 * 1024;

/**
 * Reads a request's body, counting while it comes, so that a body without an honest length cannot fill the memory.
 *
 * @throws FoveaError `too_large`, `empty_body`
 */
export async function readBody(c: Context, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = (size: string) =>
    new FoveaError('too_large', `The body has ${size} bytes; at most ${maxBytes} are taken.`, { maxBytes });
  const declared = Number(c.req.header('content-length') ?? 0);
  if (declared > maxBytes) throw tooLarge(String(declared));
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge('too many');
    chunks.push(chunk);
  }
  if (size === 0) throw new FoveaError('empty_body', 'The body is empty: send the picture in it.');
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

/** The essence of the request's Content-Type, lower-case; '' when it says none. */
export function mediaType(c: Context): string {
  return (c.req.header('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
}

/** Reads a multipart form. @throws FoveaError `too_large`, `empty_body`, `invalid_form`, `unsupported_media_type` */
export async function readForm(c: Context, maxBytes: number): Promise<FormData> {
  if (mediaType(c) !== 'multipart/form-data') {
    throw new FoveaError(
      'unsupported_media_type',
      `This route takes multipart/form-data, not ${mediaType(c) || 'a body without Content-Type'}.`,
    );
  }
  const bytes = await readBody(c, maxBytes);
  try {
    return await new Response(bytes, { headers: { 'content-type': c.req.header('content-type')! } }).formData();
  } catch (cause) {
    throw new FoveaError(
      'invalid_form',
      'The multipart form cannot be read: its parts or its boundary are broken.',
      undefined,
      {
        cause,
      },
    );
  }
}

/** A file of a form. @throws FoveaError `invalid_form` where it is missing, is text, or is empty */
export async function formFile(
  form: FormData,
  field: string,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; name: string }> {
  const file = form.get(field);
  if (file === null || typeof file === 'string') {
    const fields = [...new Set(form.keys())];
    throw new FoveaError(
      'invalid_form',
      `The form needs the picture as a file in the field "${field}"; its fields are ${fields.join(', ') || 'none'}.`,
      { expected: field, fields },
    );
  }
  if (file.size === 0) throw new FoveaError('invalid_form', `The file in the field "${field}" is empty.`);
  return { bytes: new Uint8Array(await file.arrayBuffer()), name: file.name };
}
