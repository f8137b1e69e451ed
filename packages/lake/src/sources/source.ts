import type { Readable } from 'node:stream';
import type { Problem } from '@fovea/formats';

/** A picture or video of a source: where it is, and a way to its bytes. */
export interface SourceItem {
  /**
   * Where from, to recognise it again and to show people: an absolute path, `/data/archive.zip!/a/b.jpg`, a URL or an
   * `s3://` URL, without credentials. Bytes of a file name that are no UTF-8 are percent-escaped.
   */
  readonly location: string;
  /** Its name below the source, with forward slashes: what it will be called. */
  readonly name: string;
  /**
   * Changes when the bytes may have: size and time of a file in nanoseconds, ETag and size, CRC and size; null where
   * nobody says.
   */
  readonly fingerprint: string | null;
  readonly sizeBytes: number | null;
  /** By its name or what its server says of it; the content decides later. */
  readonly kind: MediaKind;
  /** The local file, where there is one; a name that is no UTF-8 as its raw bytes. */
  readonly path?: string | Buffer;
  /**
   * True for what comes by in a stream, a member of a TAR: `open` must be called, and its bytes read to the end or
   * destroyed, before the next item is asked for. Anything else may be opened any time until the source is closed.
   */
  readonly isPassing?: true;
  /**
   * The bytes, no more of them than allowed.
   *
   * @throws FoveaError `unreadable_file`, `broken_archive`, `too_large`, `fetch_failed`, …, or StoreError of the
   *   storage, from here or from the stream. Whether it is about this item alone, `isItemFailure` says.
   */
  open(): Promise<Readable>;
}

/** What a name says a file is. */
export type MediaKind = 'picture' | 'video';

/** Where pictures and videos come from. */
export interface Source {
  /** What was opened, without credentials: an absolute path or a URL. */
  readonly root: string;
  /**
   * Its items, one by one, in an order that is the same as long as nothing changes; once per source.
   *
   * @throws FoveaError where the source as a whole cannot go on; what can be left out is a problem instead
   */
  items(signal?: AbortSignal): AsyncGenerator<SourceItem>;
  /** What was left out and why, each once: the first ten thousand. */
  readonly problems: readonly Problem[];
  /** How many problems there were beyond `problems`. */
  readonly furtherProblems: number;
  /** Pictures and videos that were left out, each of which is a problem too. */
  readonly skipped: number;
  /** Files that are neither picture nor video, by their ending in lower case; '' for none. Labels, for example. */
  readonly ignored: ReadonlyMap<string, number>;
  /** Lets go of files, connections and copies in the home's `tmp`. */
  close(): Promise<void>;
}

/** How much a source may bring. */
export interface SourceLimits {
  /** Default 1 GB, more than which no picture is read. */
  readonly maxPictureBytes: number;
  /** Default 64 GB. */
  readonly maxVideoBytes: number;
  /** Of an archive that comes over the network and is copied to disk, a ZIP; default 256 GB. */
  readonly maxArchiveBytes: number;
  /** Members of an archive, of any kind; default two million. */
  readonly maxMembers: number;
  /** How many times its compressed size an archive or a member may have; looked at past `ratioFromBytes`. Default 200. */
  readonly maxRatio: number;
  /** Default 256 MB. */
  readonly ratioFromBytes: number;
  /** Folders below each other; default 128. */
  readonly maxDepth: number;
}

/** The limits where nobody sets others. */
export const DEFAULT_LIMITS: SourceLimits = {
  maxPictureBytes: 1e9,
  maxVideoBytes: 64e9,
  maxArchiveBytes: 256e9,
  maxMembers: 2_000_000,
  maxRatio: 200,
  ratioFromBytes: 256e6,
  maxDepth: 128,
};

/** Options of `openSource`. */
export interface SourceOptions {
  /** A folder for copies of archives that must be read back and forth: the home's `tmp`. */
  readonly tmpFolder: string;
  /** Whether URLs may lead to private addresses: this machine, its network, its cloud's services. Default false. */
  readonly allowPrivate?: boolean;
  readonly limits?: Partial<SourceLimits>;
  /** Where the keys, the region and the endpoint of S3 are looked up; default the process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** Told each problem as it is found, however many there are. */
  readonly onProblem?: (problem: Problem) => void;
}
