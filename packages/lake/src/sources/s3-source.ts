import { FoveaError } from '@fovea/annotations';
import {
  canSayKey,
  describeS3,
  getS3Credentials,
  openS3Client,
  parseS3Url,
  type S3Client,
  type S3Object,
} from '@fovea/store';
import { assertPublicHost, lookupPublic } from './address.js';
import { HEAD_BYTES, passingArchive, peek, sniffArchive, unknownArchive } from './archive-source.js';
import { archiveKindOf, isHidden, kindOf, partsBelow } from './file-name.js';
import { formatBytes, maxBytesOf, passBytes } from './limited-bytes.js';
import type { OpenedSource, SourceTools } from './open-source.js';
import type { MediaKind, SourceItem } from './source.js';

/**
 * Opens `s3://bucket/key` of one object, or `s3://bucket/folder` of all objects below it, listed in pages in the order of
 * their keys. An endpoint that the URL names is held to the rule about addresses; one of the environment is its owner's.
 *
 * @throws FoveaError `private_address`; StoreError `bad_storage_url`, `bad_credentials`
 */
export function openS3Source(spec: string, tools: SourceTools): OpenedSource {
  const location = parseS3Url(spec, tools.env);
  const isChecked = location.endpointFrom === 'url' && !tools.allowPrivate;
  if (isChecked) assertPublicHost(location.endpoint);
  const credentials = getS3Credentials(tools.env);
  const client = openS3Client({ location, credentials, ...(isChecked && { lookup: lookupPublic }) });
  tools.keep(async () => client.close());
  const root = describeS3(location, location.prefix);
  return { root, items: (signal) => s3Items(client, root, tools, signal) };
}

async function* s3Items(
  client: S3Client,
  root: string,
  tools: SourceTools,
  signal: AbortSignal | undefined,
): AsyncGenerator<SourceItem> {
  const { prefix } = client.location;
  if (prefix !== '' && !prefix.endsWith('/')) {
    const object = canSayKey(prefix) ? await client.head(prefix) : undefined;
    if (object !== undefined) return yield* oneObject(client, object, root, tools, signal);
  }
  const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  let isAny = false;
  for await (const page of client.list(folder, { ...(signal && { signal }) })) {
    for (const object of page) {
      isAny = true;
      const item = itemOf(client, object, object.key.slice(folder.length), tools);
      if (item !== undefined) yield item;
    }
    signal?.throwIfAborted();
  }
  if (!isAny) {
    const sentence = `There is neither an object "${prefix}" in the bucket "${client.location.bucket}" nor one below it.`;
    throw new FoveaError('missing_path', sentence, { path: root });
  }
}

async function* oneObject(
  client: S3Client,
  object: S3Object,
  root: string,
  tools: SourceTools,
  signal: AbortSignal | undefined,
): AsyncGenerator<SourceItem> {
  const name = object.key.slice(object.key.lastIndexOf('/') + 1);
  if (archiveKindOf(name) === undefined) {
    const item = kindOf(name) && itemOf(client, object, name, tools);
    if (item) return yield item;
    const sentence = `"${root}" is neither a picture, a video, nor an archive (ZIP, TAR, TAR.GZ), by its name.`;
    if (!kindOf(name)) throw new FoveaError('unknown_kind', sentence, { file: root });
    return;
  }
  const { body, sizeBytes, etag } = await client.get(object.key, undefined, signal);
  const { head, rest } = await peek(body, HEAD_BYTES);
  try {
    const format = sniffArchive(head);
    if (format === undefined) throw unknownArchive(root);
    const fingerprint = etag && `${etag}/${sizeBytes}`;
    yield* passingArchive({ location: root, fingerprint, sizeBytes, bytes: rest, format }, { ...tools, signal });
  } finally {
    rest.destroy();
  }
}

function itemOf(client: S3Client, object: S3Object, below: string, tools: SourceTools): SourceItem | undefined {
  const { report, limits } = tools;
  const { key, sizeBytes, etag } = object;
  // What a key ending with a slash holds is nothing: it stands for a folder.
  if (key.endsWith('/')) return undefined;
  const location = describeS3(client.location, key);
  const kind: MediaKind | undefined = kindOf(below);
  const parts = partsBelow(below);
  if (typeof parts === 'string' || !canSayKey(key)) {
    const reason = 'The key has a part that is no name, such as "..", and cannot be asked for; skipped.';
    return void report.tell(location, 'bad_key', reason, kind ? 1 : 0);
  }
  if (parts.some(isHidden)) return undefined;
  if (kind === undefined) return void report.ignore(below);
  const maxBytes = maxBytesOf(kind, limits);
  if (sizeBytes > maxBytes) {
    const reason = `The object has ${formatBytes(sizeBytes)}, over the ${formatBytes(maxBytes)} allowed; skipped.`;
    return void report.tell(location, 'too_large', reason, 1);
  }
  return {
    location,
    name: parts.join('/'),
    kind,
    fingerprint: etag === '' ? null : `${etag}/${sizeBytes}`,
    sizeBytes,
    open: async () => {
      const { body } = await client.get(key);
      return passBytes(body, { location, maxBytes, explain: (cause) => cause });
    },
  };
}
