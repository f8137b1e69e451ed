import exifr from 'exifr';

/** Where a picture was taken: degrees of WGS 84, north and east positive; metres above the sea. */
export interface GpsPosition {
  readonly latitude: number;
  readonly longitude: number;
  readonly altitudeMeters: number | null;
}

/** What a camera wrote beside the picture; null where it did not, or where it makes no sense. */
export interface ExifFacts {
  readonly cameraMake: string | null;
  readonly cameraModel: string | null;
  readonly lensModel: string | null;
  readonly exposureSeconds: number | null;
  readonly fNumber: number | null;
  readonly iso: number | null;
  readonly focalLengthMm: number | null;
  /** The camera's clock, ISO 8601 without a zone: `2008-05-30T15:56:01`. */
  readonly takenAt: string | null;
  /** What that clock was ahead of UTC. */
  readonly takenAtOffsetMinutes: number | null;
  readonly gps: GpsPosition | null;
  /** Every tag by its name in its block, as JSON: long texts and lists cut, more than a few bytes told by their count. */
  readonly tags: Readonly<Record<string, unknown>>;
  /** Why tags are missing: the block is broken, or larger than what is kept. */
  readonly problem: string | null;
}

const [maxText, maxBytes, maxList, maxTags, maxDepth] = [1000, 16, 64, 1000, 4];

const none: ExifFacts = {
  cameraMake: null,
  cameraModel: null,
  lensModel: null,
  exposureSeconds: null,
  fNumber: null,
  iso: null,
  focalLengthMm: null,
  takenAt: null,
  takenAtOffsetMinutes: null,
  gps: null,
  tags: {},
  problem: null,
};

/**
 * Reads an EXIF block: all tags, and those people ask for as typed values. A broken block is told in `problem` and gives
 * what could be read; it never throws, since the picture is a picture all the same.
 *
 * @param block TIFF structure, with or without the leading `Exif\0\0`; undefined: nothing is known
 */
export async function readExif(block: Uint8Array | undefined): Promise<ExifFacts> {
  if (block === undefined || block.length === 0) return none;
  const hasPrefix = String.fromCharCode(...block.subarray(0, 6)) === 'Exif\0\0';
  let blocks: Record<string, Record<string, unknown>>;
  try {
    // All blocks, each under its own name; values as they are written.
    const parsed: unknown = await exifr.parse(hasPrefix ? block.subarray(6) : block, {
      tiff: true,
      ifd0: {},
      ifd1: false,
      exif: true,
      gps: true,
      interop: true,
      makerNote: false,
      userComment: true,
      xmp: false,
      icc: false,
      iptc: false,
      mergeOutput: false,
      translateValues: false,
      reviveValues: false,
    });
    blocks = (parsed ?? {}) as typeof blocks;
  } catch (cause) {
    return { ...none, problem: `The EXIF block cannot be read (${(cause as Error).message}).` };
  }
  const { errors } = blocks as unknown as { errors?: readonly Error[] };
  const tags: Record<string, unknown> = {};
  let [count, left] = [0, 0];
  for (const name of ['ifd0', 'exif', 'gps', 'interop']) {
    for (const [tag, value] of Object.entries(blocks[name] ?? {})) {
      if (count++ >= maxTags) left++;
      else tags[`${name}.${tag}`] = plain(value, 0);
    }
  }
  const problems = [
    ...(errors?.length ? [`The EXIF block is damaged (${errors[0]!.message}).`] : []),
    ...(left > 0 ? [`${left} EXIF tags past the first ${maxTags} are left out.`] : []),
  ];
  const { ifd0 = {}, exif = {}, gps = {} } = blocks;
  return {
    cameraMake: text(ifd0.Make),
    cameraModel: text(ifd0.Model),
    lensModel: text(exif.LensModel),
    exposureSeconds: positive(exif.ExposureTime),
    fNumber: positive(exif.FNumber),
    iso: positive(Array.isArray(exif.ISO) ? exif.ISO[0] : exif.ISO),
    focalLengthMm: positive(exif.FocalLength),
    // Not ifd0.ModifyDate: that is when somebody edited it.
    takenAt: dateTime(exif.DateTimeOriginal) ?? dateTime(exif.CreateDate),
    takenAtOffsetMinutes:
      offset(exif.OffsetTimeOriginal) ?? offset(exif.OffsetTimeDigitized) ?? offset(exif.OffsetTime),
    gps: position(gps),
    tags,
    problem: problems.length > 0 ? problems.join(' ') : null,
  };
}

/** A value as JSON has it, cut to a size that a million pictures can have. */
function plain(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return clean(value).slice(0, maxText);
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'boolean' || value === null || value === undefined) return value ?? null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    // Versions and comments are text in bytes.
    const isText = bytes.length <= maxText && bytes.every((byte) => byte === 0 || (byte >= 32 && byte < 127));
    if (isText) return clean(String.fromCharCode(...bytes));
    return bytes.length <= maxBytes ? [...bytes] : `${bytes.length} bytes`;
  }
  if (depth >= maxDepth) return null;
  if (Array.isArray(value)) return value.slice(0, maxList).map((each) => plain(each, depth + 1));
  if (typeof value === 'object') {
    const entries = Object.entries(value).slice(0, maxList);
    return Object.fromEntries(entries.map(([key, each]) => [key, plain(each, depth + 1)]));
  }
  return String(value).slice(0, maxText);
}

/** Without NUL, which PostgreSQL's text cannot hold, and without halves of surrogate pairs. */
function clean(value: string): string {
  return value
    .replaceAll('\0', '')
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .trim();
}

function text(value: unknown): string | null {
  // A text ends at its NUL; what follows is what lay in the camera's memory.
  return typeof value === 'string' ? clean(value.split('\0')[0]!).slice(0, 200) || null : null;
}

function positive(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : null;
}

/** `2008:05:30 15:56:01` as ISO 8601; null for anything that is no moment, such as the zeros of an unset clock. */
function dateTime(value: unknown): string | null {
  const match = typeof value === 'string' && /^(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)/.exec(value.trim());
  if (!match) return null;
  const [, year, month, day, hour, minute, second] = match;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const moment = new Date(`${iso}Z`);
  // The 31st of February is read as some day of March.
  return !Number.isNaN(moment.getTime()) && Number(year) > 0 && moment.toISOString().startsWith(iso) ? iso : null;
}

/** `+02:00` in minutes. */
function offset(value: unknown): number | null {
  const match = typeof value === 'string' && /^([+-])(\d\d):?(\d\d)/.exec(value.trim());
  if (!match) return null;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return minutes <= 14 * 60 ? (match[1] === '-' ? -minutes : minutes) : null;
}

function position(gps: Record<string, unknown>): GpsPosition | null {
  const latitude = degrees(gps.GPSLatitude, gps.GPSLatitudeRef, 'S', 90);
  const longitude = degrees(gps.GPSLongitude, gps.GPSLongitudeRef, 'W', 180);
  if (latitude === null || longitude === null) return null;
  const height = typeof gps.GPSAltitude === 'number' && Number.isFinite(gps.GPSAltitude) ? gps.GPSAltitude : null;
  const ref = ArrayBuffer.isView(gps.GPSAltitudeRef) ? (gps.GPSAltitudeRef as Uint8Array)[0] : gps.GPSAltitudeRef;
  return { latitude, longitude, altitudeMeters: height !== null && ref === 1 ? -height : height };
}

/** Degrees, minutes, seconds as degrees, signed by the reference. */
function degrees(value: unknown, reference: unknown, negative: 'S' | 'W', limit: number): number | null {
  if (!Array.isArray(value) || value.length === 0 || value.length > 3) return null;
  if (!value.every((part) => typeof part === 'number' && Number.isFinite(part) && part >= 0)) return null;
  const [whole = 0, minutes = 0, seconds = 0] = value as number[];
  const sum = whole + minutes / 60 + seconds / 3600;
  if (sum > limit) return null;
  return typeof reference === 'string' && reference.trim().toUpperCase().startsWith(negative) ? -sum : sum;
}
