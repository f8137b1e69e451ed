import { StoreError } from '../error.js';

/** Where objects lie in S3-compatible storage, as an `s3://` URL and the environment say. */
export interface S3Location {
  readonly bucket: string;
  /** What stands behind the bucket, as it was written, without the first slash; empty for the whole bucket. */
  readonly prefix: string;
  /** Base address of the service, without user name, query or fragment. */
  readonly endpoint: URL;
  /** Who named the endpoint: the URL itself, the environment, or nobody, which is Amazon's. */
  readonly endpointFrom: 'url' | 'environment' | 'default';
  readonly region: string;
  /** Whether the bucket is the first part of the path, and not of the host's name. */
  readonly pathStyle: boolean;
}

/** What requests are signed with. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const OPTIONS = /\?((?:endpoint|region|style)=[^?]*)$/;
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/;
const REGION = /^[A-Za-z0-9-]{1,64}$/;

/**
 * Reads `s3://bucket/prefix?endpoint=https://host&region=eu-west-1&style=path`. What stands behind the bucket is taken as
 * it is, so a key may hold `#`, `%` and spaces; the options are optional.
 *
 * The endpoint is the URL's, else `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`, else Amazon's; the region the URL's, else
 * `AWS_REGION` or `AWS_DEFAULT_REGION`, else us-east-1. The style is `path` for an endpoint of one's own and for buckets
 * with a dot, whose names no certificate covers, else `virtual`.
 *
 * @throws StoreError `bad_storage_url`, without the URL where it may hold a secret
 */
export function parseS3Url(url: string, env: NodeJS.ProcessEnv = process.env): S3Location {
  const written = OPTIONS.exec(url);
  const plain = written ? url.slice(0, written.index) : url;
  const match = /^s3:\/\/([^/]*)(?:\/([\s\S]*))?$/i.exec(plain);
  if (!match) throw badUrl('it does not begin with s3://');
  const [, bucket = '', prefix = ''] = match;
  if (bucket.includes('@')) {
    throw badUrl('it holds a user name or a key; they belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  }
  if (!BUCKET.test(bucket)) throw badUrl(`"${bucket}" is no name of a bucket`);

  const options = new URLSearchParams(written?.[1] ?? '');
  for (const name of options.keys()) {
    if (!['endpoint', 'region', 'style'].includes(name)) {
      throw badUrl(`"${name}" is no option of it; there are endpoint, region and style`);
    }
  }
  const region = options.get('region') || env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1';
  if (!REGION.test(region)) throw badUrl('its region is no name of one, such as eu-west-1');
  const style = options.get('style');
  if (style !== null && style !== 'path' && style !== 'virtual') {
    throw badUrl(`its style is "${style}"; there are path and virtual`);
  }

  const ofUrl = options.get('endpoint');
  const ofEnvironment = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL;
  const endpoint = parseEndpoint(ofUrl || ofEnvironment || `https://s3.${region}.amazonaws.com`);
  const endpointFrom = ofUrl ? 'url' : ofEnvironment ? 'environment' : 'default';
  const pathStyle = style === null ? endpointFrom !== 'default' || bucket.includes('.') : style === 'path';
  return { bucket, prefix, endpoint, endpointFrom, region, pathStyle };
}

function parseEndpoint(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw badUrl('its endpoint is no URL, such as https://storage.example.org');
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw badUrl('its endpoint is no http or https URL');
  if (url.username || url.password || url.search || url.hash) {
    throw badUrl('its endpoint holds more than a host, a port and a path');
  }
  return url;
}

function badUrl(reason: string): StoreError {
  return new StoreError(
    'bad_storage_url',
    `The s3:// URL cannot be used: ${reason}. Write s3://bucket/prefix, with ?endpoint=https://host&region=name where needed.`,
    { reason },
  );
}

/**
 * The keys of the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, where there is one, `AWS_SESSION_TOKEN`.
 * Undefined where there are none: requests then go unsigned, as public buckets allow.
 *
 * @throws StoreError `bad_credentials` where one of the two is missing
 */
export function getS3Credentials(env: NodeJS.ProcessEnv = process.env): S3Credentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: token } = env;
  if (!accessKeyId && !secretAccessKey) return undefined;
  if (!accessKeyId || !secretAccessKey) {
    const missing = accessKeyId ? 'AWS_SECRET_ACCESS_KEY' : 'AWS_ACCESS_KEY_ID';
    throw new StoreError(
      'bad_credentials',
      `${missing} is not set, and a key of S3 has two parts: set it, or neither.`,
    );
  }
  return { accessKeyId, secretAccessKey, ...(token && { sessionToken: token }) };
}

/** `s3://bucket/key`, with the endpoint where it is not Amazon's: to show, and to recognise an object again. */
export function describeS3(location: S3Location, key: string): string {
  const { bucket, endpoint, endpointFrom } = location;
  const at = endpointFrom === 'default' ? '' : `?endpoint=${endpoint.origin}${endpoint.pathname.replace(/\/$/, '')}`;
  return `s3://${bucket}/${key}${at}`;
}

/**
 * The address of an object, or of the bucket where `key` is undefined.
 *
 * @throws StoreError `bad_key` for a key with a part `.` or `..`, which no URL can say
 */
export function objectUrl(location: S3Location, key: string | undefined, query: Record<string, string> = {}): URL {
  if (key !== undefined && (key === '' || !canSayKey(key))) {
    throw new StoreError('bad_key', `The key "${key}" cannot be asked for: it is empty or has a part "." or "..".`, {
      key,
    });
  }
  const { bucket, endpoint, pathStyle } = location;
  const url = new URL(endpoint);
  if (!pathStyle) url.host = `${bucket}.${endpoint.host}`;
  const base = endpoint.pathname.replace(/\/$/, '');
  const path = key?.split('/').map(encodePart).join('/') ?? '';
  url.pathname = pathStyle ? `${base}/${encodePart(bucket)}${key === undefined ? '' : `/${path}`}` : `${base}/${path}`;
  const asked = Object.entries(query).map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`);
  url.search = asked.join('&');
  return url;
}

/** Whether a URL can say the key: its parts `.` and `..` would be resolved on the way. */
export function canSayKey(key: string): boolean {
  return !key.split('/').some((part) => part === '.' || part === '..') && !/\p{Surrogate}/u.test(key);
}

function encodePart(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
