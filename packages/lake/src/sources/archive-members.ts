import { createHash } from 'node:crypto';
import { FoveaError } from '@fovea/annotations';
import { archiveKindOf, isHidden, kindOf, partsBelow } from './file-name.js';
import { formatBytes, maxBytesOf } from './limited-bytes.js';
import type { MediaKind, SourceLimits } from './source.js';
import type { SourceReport } from './source-report.js';

/** What an archive says of a member, before anything of it is read. */
export interface Member {
  readonly name: string;
  /** What it claims to be once unpacked. */
  readonly sizeBytes: number;
  readonly type: 'file' | 'folder' | 'link' | 'special' | 'encrypted' | 'unsupported';
  /** Of a ZIP's; undefined where members are not compressed one by one. */
  readonly packedBytes?: number;
}

/** A member that may be read. */
export interface TakenMember {
  /** Below the archive. */
  readonly name: string;
  readonly location: string;
  readonly kind: MediaKind;
  readonly maxBytes: number;
}

const LEFT_OUT: Readonly<Partial<Record<Member['type'], readonly [string, string]>>> = {
  link: ['link_skipped', 'The member is a link; not followed.'],
  special: ['not_a_file', 'The member is no file, but a device or a pipe; skipped.'],
  encrypted: ['encrypted_member', 'The member is encrypted; skipped. Unpack the archive with its password first.'],
  unsupported: ['unsupported_member', 'The member is packed in a way Fovea does not read; skipped.'],
};

/**
 * Decides about the members of one archive, and tells why one is left out: what climbs out of the archive, is a link, a
 * device, encrypted, there twice, an archive itself, too large, or far larger than what was packed.
 */
export interface MemberRules {
  /** The member if it may be read. @throws FoveaError `archive_bomb` where the archive as a whole must not be read on */
  take(member: Member): TakenMember | undefined;
}

/** @param archive its location, and how many bytes it has, where that is known before it is read */
export function openMemberRules(
  archive: { readonly location: string; readonly sizeBytes: number | null },
  limits: SourceLimits,
  report: SourceReport,
): MemberRules {
  const seen = new Set<string>();
  let members = 0;
  let totalBytes = 0;

  return {
    take: ({ name, sizeBytes, type, packedBytes }) => {
      if (++members > limits.maxMembers) {
        throw bomb(archive.location, `it has more than ${limits.maxMembers} members`);
      }
      const parts = partsBelow(name);
      const location = `${archive.location}!/${typeof parts === 'string' ? name.replaceAll('\0', '%00') : parts.join('/')}`;
      const kind = kindOf(name);
      const leaveOut = (code: string, reason: string) => void report.tell(location, code, reason, kind ? 1 : 0);
      if (type === 'folder') return undefined;
      if (parts === 'outside') return leaveOut('path_outside', 'The member leads out of the archive; skipped.');
      if (parts === 'bad') return leaveOut('bad_name', 'The member has no name that a file could have; skipped.');
      if (parts.some(isHidden)) return undefined;
      const [code, reason] = LEFT_OUT[type] ?? [];
      // What is no picture is not missed, but a link or a device is nothing an archive of pictures should hold.
      if (code !== undefined && (kind !== undefined || type === 'link' || type === 'special')) {
        return leaveOut(code, reason!);
      }
      if (archiveKindOf(name) !== undefined) {
        return leaveOut('nested_archive', 'The member is an archive itself; not opened. Unpack it, and ingest it too.');
      }
      if (kind === undefined) return void report.ignore(name);

      const below = parts.join('/');
      const key = createHash('sha256').update(below).digest().toString('latin1', 0, 12);
      if (seen.has(key))
        return leaveOut('duplicate_member', 'The archive holds this name twice; the later was skipped.');
      seen.add(key);
      const maxBytes = maxBytesOf(kind, limits);
      if (sizeBytes > maxBytes) {
        const over = `${formatBytes(sizeBytes)}, over the ${formatBytes(maxBytes)} allowed`;
        return leaveOut('too_large', `The member claims ${over}; skipped.`);
      }
      if (packedBytes !== undefined && isBomb(sizeBytes, packedBytes, limits)) {
        const ratio = Math.round(sizeBytes / Math.max(1, packedBytes));
        return leaveOut('archive_bomb', `The member claims ${ratio} times what is packed of it; skipped.`);
      }
      totalBytes += sizeBytes;
      if (archive.sizeBytes !== null && isBomb(totalBytes, archive.sizeBytes, limits)) {
        throw bomb(archive.location, `its members claim over ${limits.maxRatio} times its own size`);
      }
      return { name: below, location, kind, maxBytes };
    },
  };
}

/** Whether so many bytes out of so few are more than a picture packs to. */
export function isBomb(sizeBytes: number, packedBytes: number, limits: SourceLimits): boolean {
  return sizeBytes > limits.ratioFromBytes && sizeBytes > limits.maxRatio * Math.max(1, packedBytes);
}

/** The error that ends the reading of an archive made to fill disks. */
export function bomb(location: string, reason: string): FoveaError {
  return new FoveaError('archive_bomb', `"${location}" was not read on: ${reason}.`, { file: location, reason });
}

/** The error for an archive, or a member, whose data makes no sense. */
export function brokenArchive(location: string, cause: unknown): FoveaError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const reason = /unexpected end|unexpected EOF|truncated|premature/i.test(text)
    ? 'it is cut off'
    : `its data is broken (${text
        .split('\n')[0]!
        .slice(0, 200)
        .replace(/[.\s]+$/, '')})`;
  return new FoveaError(
    'broken_archive',
    `"${location}" cannot be read: ${reason}.`,
    { file: location, reason },
    { cause },
  );
}
