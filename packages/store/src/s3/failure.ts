import { StoreError, systemCode } from '../error.js';
import type { S3Location } from './location.js';
import { readBody, type WireAnswer } from './request.js';
import { textOf } from './xml.js';

/** What went wrong with one try: the answer's status and code, or the network's error. */
export interface Failure {
  readonly status?: number;
  /** The service's word, such as `NoSuchKey`; nothing else of what it says, which may repeat what it was sent. */
  readonly code?: string;
  readonly cause?: unknown;
  readonly isTemporary: boolean;
  /** How long the service asks to wait, in milliseconds. */
  readonly waitMs?: number;
  /** The bucket's region, where the answer tells that it is another. */
  readonly region?: string;
}

const TEMPORARY_STATUS = new Set([408, 429, 500, 502, 503, 504, 509]);
const TEMPORARY_CODE = new Set([
  'InternalError',
  'OperationAborted',
  'RequestTimeout',
  'ServiceUnavailable',
  'SlowDown',
  'ThrottlingException',
]);
const MAX_WAIT_MS = 10_000;

/** Reads the rest of an answer that is no success. */
export async function readFailure(answer: WireAnswer): Promise<Failure> {
  const { status, headers, body } = answer;
  const text = await readBody(body, 65_536, 10_000).then(String, () => '');
  const code = /^[A-Za-z0-9.]{1,64}$/.exec(textOf(text, 'Code') ?? '')?.[0];
  const seconds = Number(headers['retry-after']);
  const told = headers['x-amz-bucket-region'];
  return {
    status,
    isTemporary: TEMPORARY_STATUS.has(status) || (code !== undefined && TEMPORARY_CODE.has(code)),
    ...(code !== undefined && { code }),
    ...(seconds > 0 && { waitMs: Math.min(1000 * seconds, MAX_WAIT_MS) }),
    ...(typeof told === 'string' && /^[A-Za-z0-9-]{1,64}$/.test(told) && { region: told }),
  };
}

const TEMPORARY_ERRNO = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/** A failure of the network. One that was asked for, by a signal or by a rule about addresses, is not tried again. */
export function networkFailure(cause: unknown): Failure {
  const code = systemCode(cause) ?? '';
  return { cause, isTemporary: TEMPORARY_ERRNO.has(code) || code.startsWith('HPE_') };
}

/** The sentence for a failure that trying again did not mend. */
export function storageFailure(failure: Failure, location: S3Location, key: string | undefined): unknown {
  const { bucket, endpoint, region } = location;
  const { status, code, cause } = failure;
  const details = { bucket, endpoint: endpoint.origin, ...(key !== undefined && { key }), status, code };
  const make = (name: string, sentence: string) => new StoreError(name, sentence, details, { cause });
  const storage = `The storage at ${endpoint.origin}`;

  if (status === undefined) {
    const system = systemCode(cause);
    if (!failure.isTemporary && !/^(EPROTO|ERR_|CERT_|DEPTH_|UNABLE_|SELF_)/.test(system ?? '')) return cause;
    const why = system === 'ENOTFOUND' ? 'there is no such host' : (system ?? (cause as Error)?.message);
    return make(
      'storage_unreachable',
      `${storage} cannot be reached (${why}). Is it running, and is its address right?`,
    );
  }
  const said = [status, code].filter((each) => each !== undefined).join(' ');
  if (failure.isTemporary) {
    return make('storage_unreachable', `${storage} keeps failing (${said}). Nothing saved before is lost: try again.`);
  }
  if (code === 'NoSuchBucket') {
    return make('storage_no_bucket', `${storage} has no bucket "${bucket}": make it there, or name another.`);
  }
  if (failure.region !== undefined && failure.region !== region) {
    const remedy = `set AWS_REGION=${failure.region}, or add ?region=${failure.region} to the URL`;
    return make(
      'storage_denied',
      `The bucket "${bucket}" lies in the region ${failure.region}, not ${region}: ${remedy}.`,
    );
  }
  if (code === 'RequestTimeTooSkewed') {
    return make('storage_denied', `${storage} refuses requests because this machine's clock is wrong: set it.`);
  }
  if (code === 'InvalidObjectState') {
    return make('object_archived', `"${key}" lies in an archive tier of ${storage}: restore it there first.`);
  }
  if (status === 401 || status === 403) {
    const remedy = 'are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY those of somebody who may use it?';
    return make('storage_denied', `${storage} refuses the use of the bucket "${bucket}" (${said}): ${remedy}`);
  }
  if (status === 404 && key !== undefined) {
    return make('unknown_object', `There is no object "${key}" in the bucket "${bucket}" at ${endpoint.origin}.`);
  }
  if (status === 507 || code === 'QuotaExceeded' || code === 'XMinioStorageFull') {
    return make('disk_full', `${storage} has no room left (${said}). Nothing saved before is lost: free some there.`);
  }
  return make('storage_failed', `${storage} answered ${said}, which Fovea does not expect. Does it speak S3?`);
}
