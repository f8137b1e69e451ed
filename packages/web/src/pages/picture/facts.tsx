import type { MediaFacts, MediaItem } from '@fovea/api';
import { Link } from '@tanstack/react-router';
import { ExternalLink } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import {
  formatBytes,
  formatCount,
  formatFigure,
  formatMoment,
  formatSignificant,
  formatSpan,
} from '../../catalogue/format.js';
import { printPlace } from '../../catalogue/place.js';
import { api } from '../../data/api.js';
import { CopyButton } from '../../parts/copy-button.js';
import { Fold } from '../../parts/fold.js';
import { WorldMap } from '../../parts/world-map.js';
import { ChannelHistogram } from './channel-histogram.js';

type Row = readonly [name: string, value: ReactNode];

/** Everything known of a picture besides its labels, in groups. */
export function Facts({ project, item, known }: { project: string; item: MediaItem; known: MediaFacts }) {
  const { t } = useTranslation(['picture', 'data', 'filter']);
  const facts = known.facts ?? {};
  const number = (name: string) => (typeof facts[name] === 'number' ? (facts[name] as number) : undefined);
  const text = (name: string) =>
    typeof facts[name] === 'string' && facts[name] !== '' ? (facts[name] as string) : undefined;
  const rows = (...all: readonly (Row | false | undefined)[]) =>
    all.filter((row): row is Row => !!row && row[1] !== undefined);

  const [latitude, longitude] = [number('latitude'), number('longitude')];
  const offset = number('takenAtOffsetMinutes');
  const taken = text('takenAt')?.slice(0, 19).replace('T', ' ');
  const camera = [text('cameraMake'), text('cameraModel')].filter(Boolean).join(' ');
  const exposure = number('exposureSeconds');
  const altitude = number('altitudeMeters');
  const orientation = number('orientation') ?? 1;
  const colour = [
    text('colourSpace'),
    number('channels') !== undefined && t('channels', { count: number('channels') }),
    number('bitsPerChannel') !== undefined && t('bits', { bits: number('bitsPerChannel') }),
  ].filter(Boolean);

  return (
    <>
      <Group title={t('known')}>
        <Rows
          rows={rows(
            [t('data:size'), `${formatCount(item.width)} × ${formatCount(item.height)}`],
            [t('data:file'), `${item.format.toUpperCase()}, ${formatBytes(item.sizeBytes)}`],
            colour.length > 0 && [t('colour'), colour.join(', ')],
            orientation !== 1 && [t('orientation'), t('orientationValue', { value: orientation })],
            (number('pages') ?? 1) > 1 && [t('pages'), formatCount(number('pages')!)],
            [t('data:added'), formatMoment(item.createdAt)],
            [
              'SHA-256',
              <span key="sha" className="flex min-w-0 items-center gap-1">
                <code className="truncate font-mono text-12">{item.sha256}</code>
                <CopyButton text={item.sha256} className="-my-1.5" />
                <a
                  href={api.contentUrl(project, item.sha256)}
                  target="_blank"
                  rel="noreferrer"
                  aria-label={t('data:openOriginal')}
                  title={t('data:openOriginal')}
                  className="-my-1.5 inline-flex size-8 shrink-0 items-center justify-center rounded-md text-ink-2 hover:bg-hover hover:text-ink"
                >
                  <ExternalLink className="size-4" aria-hidden />
                </a>
              </span>,
            ],
            [
              t('perceptualHash'),
              text('perceptualHash') && <code className="font-mono text-12">{text('perceptualHash')}</code>,
            ],
          )}
        />
        {known.facts === null && <p className="mt-2 text-ink-3">{t('noFacts')}</p>}
      </Group>
      {item.video && (
        <Group title={t('video')}>
          <p>{t('inVideo', { time: formatSpan(item.video.timeSeconds) })}</p>
          <Link
            to="/projects/$project/data"
            params={{ project }}
            search={{ video: item.video.sha256 }}
            className="text-accent hover:underline"
          >
            {t('videoFrames')}
          </Link>
        </Group>
      )}
      <Group title={t('camera')}>
        {camera === '' && taken === undefined && exposure === undefined ? (
          <p className="text-ink-3">{t('noCamera')}</p>
        ) : (
          <Rows
            rows={rows(
              camera !== '' && [
                t('camera'),
                <Link
                  key="camera"
                  to="/projects/$project/data"
                  params={{ project }}
                  search={{ camera }}
                  className="text-accent hover:underline"
                >
                  {camera}
                </Link>,
              ],
              [t('lens'), text('lensModel')],
              [
                t('taken'),
                taken && (offset === undefined ? taken : t('takenZone', { when: taken, offset: printOffset(offset) })),
              ],
              [t('exposure'), exposure !== undefined && exposure > 0 ? printExposure(exposure) : undefined],
              [
                t('aperture'),
                number('fNumber') === undefined ? undefined : `f/${formatSignificant(number('fNumber'))}`,
              ],
              [t('iso'), number('iso') === undefined ? undefined : formatCount(number('iso')!)],
              [
                t('focal'),
                number('focalLengthMm') === undefined ? undefined : `${formatSignificant(number('focalLengthMm'))} mm`,
              ],
            )}
          />
        )}
      </Group>
      <Group title={t('place')}>
        {latitude === undefined || longitude === undefined ? (
          <p className="text-ink-3">{t('noPlace')}</p>
        ) : (
          <>
            <WorldMap view={viewAround(latitude, longitude)} label={printPlace(latitude, longitude, 4)}>
              <circle cx={longitude} cy={-latitude} r={1.1} className="fill-accent stroke-surface" strokeWidth={0.4} />
            </WorldMap>
            <p className="mt-2">
              {printPlace(latitude, longitude, 5)}
              {altitude !== undefined && `, ${t('altitude')} ${formatCount(altitude)} m`}
            </p>
          </>
        )}
      </Group>
      {known.facts && (
        <Group
          title={t('pixels')}
          note={t('pixelsNote', { width: number('statisticsWidth'), height: number('statisticsHeight') })}
        >
          <ChannelHistogram facts={facts} />
          <div className="mt-3">
            <Rows
              rows={rows(
                ...(['brightness', 'contrast', 'sharpness', 'entropy'] as const).map(
                  (name): Row => [t(`filter:names.${name}`), formatSignificant(number(name))],
                ),
                ...(['red', 'green', 'blue'] as const).map(
                  (channel): Row => [
                    t(`channel.${channel}`),
                    `${formatFigure(number(`${channel}Mean`), 1)} ± ${formatFigure(number(`${channel}Std`), 1)}, ${number(`${channel}Min`)} – ${number(`${channel}Max`)}`,
                  ],
                ),
              )}
            />
          </div>
        </Group>
      )}
      <Group title={t('from')}>
        {known.sources.length === 0 ? (
          <p className="text-ink-3">{t('noSources')}</p>
        ) : (
          <ul className="space-y-2">
            {known.sources.map(({ location, seenAt, gone }) => (
              <li key={location}>
                <code className="block font-mono text-12 wrap-anywhere">{location}</code>
                <span className="text-12 text-ink-3">
                  {t('seen', { when: formatMoment(seenAt) })}
                  {gone && `, ${t('gone')}`}
                </span>
              </li>
            ))}
          </ul>
        )}
      </Group>
      {known.snapshots.length > 0 && (
        <Group title={t('snapshots')}>
          <ul className="flex flex-wrap gap-2">
            {known.snapshots.map(({ id, name }) => (
              <li key={id}>
                <Link
                  to="/projects/$project/snapshots"
                  params={{ project }}
                  className="inline-flex h-7 items-center rounded-md border border-line px-2.5 hover:bg-hover"
                >
                  {name}
                </Link>
              </li>
            ))}
          </ul>
        </Group>
      )}
      <Exif exif={known.exif} />
    </>
  );
}

/** A group of facts under its name. */
export function Group({ title, note, children }: { title: string; note?: ReactNode; children: ReactNode }) {
  return (
    <section className="border-b border-line p-4">
      <h2 className="mb-2 flex items-baseline justify-between gap-2 font-medium">
        {title}
        {note && <span className="text-12 font-normal text-ink-3">{note}</span>}
      </h2>
      {children}
    </section>
  );
}

function Rows({ rows }: { rows: readonly Row[] }) {
  return (
    <dl className="grid grid-cols-[minmax(6rem,auto)_minmax(0,1fr)] gap-x-4 gap-y-1.5">
      {rows.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-ink-3">{name}</dt>
          <dd className="min-w-0 wrap-anywhere">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** All that the file says of itself, folded, with a field to look for an entry. */
function Exif({ exif }: { exif: Readonly<Record<string, unknown>> }) {
  const { t } = useTranslation('picture');
  const [words, setWords] = useState('');
  const all = Object.entries(exif).map(([name, value]) => [name, printValue(value)] as const);
  if (all.length === 0) return null;
  const lower = words.toLocaleLowerCase();
  const found = all.filter(([name, value]) => `${name} ${value}`.toLocaleLowerCase().includes(lower));
  return (
    <div className="p-4">
      <Fold title={t('exif')} note={t('exifCount', { count: all.length })}>
        <input
          type="text"
          className="field mb-3"
          value={words}
          onChange={(event) => setWords(event.target.value)}
          placeholder={t('exifSearch')}
          aria-label={t('exifSearch')}
        />
        {found.length === 0 && <p className="text-ink-3">{t('exifNone', { words })}</p>}
        <dl className="space-y-1.5">
          {found.map(([name, value]) => (
            <div key={name} className="grid grid-cols-[minmax(0,2fr)_minmax(0,3fr)] gap-3">
              <dt className="font-mono text-12 text-ink-3 wrap-anywhere">{name}</dt>
              <dd className="text-12 wrap-anywhere">{value}</dd>
            </div>
          ))}
        </dl>
      </Fold>
    </div>
  );
}

/** A value of EXIF in a line; what is very long, such as a maker's note, is cut. */
function printValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}

/** A part of the Earth around a place, inside its bounds. */
function viewAround(latitude: number, longitude: number): readonly [number, number, number, number] {
  const [width, height] = [90, 45];
  const x = Math.min(180 - width, Math.max(-180, longitude - width / 2));
  const y = Math.min(90 - height, Math.max(-90, -latitude - height / 2));
  return [x, y, width, height];
}

function printExposure(seconds: number): string {
  return seconds >= 0.4 ? `${formatSignificant(seconds)} s` : `1/${formatCount(Math.round(1 / seconds))} s`;
}

function printOffset(minutes: number): string {
  const size = Math.abs(minutes);
  const sign = minutes < 0 ? '−' : '+';
  return `${sign}${String(Math.floor(size / 60)).padStart(2, '0')}:${String(size % 60).padStart(2, '0')}`;
}
