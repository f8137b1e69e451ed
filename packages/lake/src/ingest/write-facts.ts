import type { ChannelStatistics, PictureFacts } from '@fovea/image';
import type { DatabaseClient } from '@fovea/store';

/** Facts of a picture, without its thumbnail's bytes. */
export type FactsRow = Omit<PictureFacts, 'thumbnail'>;

/** Values of a channel that a bin of the stored histogram holds: 32 bins. */
const BIN_VALUES = 8;

interface Column {
  readonly name: string;
  readonly type: string;
  of(facts: FactsRow): unknown;
}

const channelNames = ['red', 'green', 'blue'] as const;

const columns: readonly Column[] = [
  { name: 'sha256', type: 'text', of: (facts) => facts.sha256 },
  { name: 'format', type: 'text', of: (facts) => facts.format },
  { name: 'width', type: 'integer', of: (facts) => facts.width },
  { name: 'height', type: 'integer', of: (facts) => facts.height },
  { name: 'size_bytes', type: 'bigint', of: (facts) => facts.sizeBytes },
  { name: 'orientation', type: 'smallint', of: (facts) => facts.orientation },
  { name: 'colour_space', type: 'text', of: (facts) => facts.colourSpace },
  { name: 'channels', type: 'smallint', of: (facts) => facts.channels },
  { name: 'bits_per_channel', type: 'smallint', of: (facts) => facts.bitsPerChannel },
  { name: 'has_alpha', type: 'boolean', of: (facts) => facts.hasAlpha },
  { name: 'pages', type: 'integer', of: (facts) => facts.pages },
  { name: 'perceptual_hash', type: 'text', of: (facts) => facts.perceptualHash },
  { name: 'statistics_width', type: 'integer', of: (facts) => facts.statisticsSize[0] },
  { name: 'statistics_height', type: 'integer', of: (facts) => facts.statisticsSize[1] },
  ...channelNames.flatMap((name, at): Column[] => {
    const channel = (facts: FactsRow) => facts.statistics.channels[at]!;
    return [
      { name: `${name}_mean`, type: 'real', of: (facts) => channel(facts).mean },
      { name: `${name}_std`, type: 'real', of: (facts) => channel(facts).std },
      { name: `${name}_min`, type: 'smallint', of: (facts) => channel(facts).min },
      { name: `${name}_max`, type: 'smallint', of: (facts) => channel(facts).max },
      // An array of arrays must be square for unnest: as text, and made one of numbers there.
      { name: `${name}_histogram`, type: 'integer[]', of: (facts) => coarse(channel(facts)) },
    ];
  }),
  { name: 'brightness', type: 'real', of: (facts) => facts.statistics.brightness },
  { name: 'contrast', type: 'real', of: (facts) => facts.statistics.contrast },
  { name: 'sharpness', type: 'real', of: (facts) => facts.statistics.sharpness },
  { name: 'entropy', type: 'real', of: (facts) => facts.statistics.entropy },
  { name: 'camera_make', type: 'text', of: ({ exif }) => exif.cameraMake },
  { name: 'camera_model', type: 'text', of: ({ exif }) => exif.cameraModel },
  { name: 'lens_model', type: 'text', of: ({ exif }) => exif.lensModel },
  { name: 'exposure_seconds', type: 'double precision', of: ({ exif }) => exif.exposureSeconds },
  { name: 'f_number', type: 'real', of: ({ exif }) => real(exif.fNumber) },
  { name: 'iso', type: 'real', of: ({ exif }) => real(exif.iso) },
  { name: 'focal_length_mm', type: 'real', of: ({ exif }) => real(exif.focalLengthMm) },
  { name: 'taken_at', type: 'timestamp', of: ({ exif }) => exif.takenAt },
  { name: 'taken_at_offset_minutes', type: 'smallint', of: ({ exif }) => exif.takenAtOffsetMinutes },
  { name: 'latitude', type: 'double precision', of: ({ exif }) => exif.gps?.latitude ?? null },
  { name: 'longitude', type: 'double precision', of: ({ exif }) => exif.gps?.longitude ?? null },
  { name: 'altitude_meters', type: 'double precision', of: ({ exif }) => exif.gps?.altitudeMeters ?? null },
  { name: 'exif', type: 'jsonb', of: ({ exif }) => JSON.stringify(exif.tags).replaceAll('\\u0000', '') },
  { name: 'exif_problem', type: 'text', of: ({ exif }) => exif.problem?.replaceAll('\0', '') ?? null },
];

const names = columns.map(({ name }) => name).join(', ');
const selected = columns.map(({ name, type }) => (type === 'integer[]' ? `${name}::integer[]` : name)).join(', ');
const arrays = columns.map(({ type }, at) => `$${at + 1}::${type === 'integer[]' ? 'text' : type}[]`).join(', ');
const updates = columns
  .slice(1)
  .map(({ name }) => `${name} = excluded.${name}`)
  .join(', ');

/**
 * Writes facts of pictures. Those that are known stay: the same bytes have the same facts.
 *
 * @param renew - writes over those that are known: they may be of an older way of measuring
 */
export async function writeFacts(client: DatabaseClient, rows: readonly FactsRow[], renew = false): Promise<void> {
  const once = [...new Map(rows.map((row) => [row.sha256, row])).values()].sort((a, b) =>
    a.sha256 < b.sha256 ? -1 : 1,
  );
  if (once.length === 0) return;
  await client.query(
    `insert into fovea.facts (${names}) select ${selected} from unnest(${arrays}) as t (${names})
     on conflict (sha256) do ${renew ? `update set ${updates}` : 'nothing'}`,
    columns.map(({ of }) => once.map((row) => of(row))),
  );
}

/** As PostgreSQL writes an array. */
function coarse({ histogram }: ChannelStatistics): string {
  const bins = Array.from({ length: 256 / BIN_VALUES }, () => 0);
  histogram.forEach((count, value) => {
    bins[Math.floor(value / BIN_VALUES)]! += count;
  });
  return `{${bins.join(',')}}`;
}

/** What a float32 can hold: cameras write what they like. */
function real(value: number | null): number | null {
  return value === null || !Number.isFinite(Math.fround(value)) || (value !== 0 && Math.fround(value) === 0)
    ? null
    : value;
}
