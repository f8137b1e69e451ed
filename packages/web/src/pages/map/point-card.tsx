import type { ProjectClass } from '@fovea/api';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../data/api.js';
import { pictureQuery } from '../../data/queries.js';
import { ClassDot } from '../../parts/class-dot.js';

const [wide, high, gap] = [176, 176, 14];

/** The picture of the point looked at, beside it and inside the window. */
export function PointCard({
  project,
  sha256,
  of,
  x,
  y,
  width,
  height,
}: {
  project: string;
  sha256: string;
  /** Its class; undefined for none. */
  of: ProjectClass | undefined;
  x: number;
  y: number;
  width: number;
  height: number;
}) {
  const { t } = useTranslation('curation');
  // Its name is asked for once the pointer rests.
  const [rested, setRested] = useState<string>();
  useEffect(() => {
    const timer = setTimeout(() => setRested(sha256), 120);
    return () => clearTimeout(timer);
  }, [sha256]);
  const item = useQuery({ ...pictureQuery(project, sha256), enabled: rested === sha256 }).data;
  const left = x + gap + wide > width ? Math.max(4, x - gap - wide) : x + gap;
  const top = Math.min(Math.max(4, y - high / 2), Math.max(4, height - high - 4));
  return (
    <div
      role="status"
      className="pointer-events-none absolute z-10 flex flex-col rounded-md bg-raised p-1.5 shadow-float"
      style={{ left, top, width: wide, height: high }}
    >
      <div className="flex min-h-0 flex-1 items-center justify-center rounded-sm bg-sunken">
        <img
          key={sha256}
          src={api.thumbnailUrl(project, sha256)}
          alt=""
          className="max-h-full max-w-full rounded-sm object-contain"
        />
      </div>
      <p className="mt-1 h-4 truncate px-0.5 text-12 text-ink-2">{item?.name ?? ''}</p>
      <p className="flex h-4 items-center gap-1.5 px-0.5 text-12">
        {of ? (
          <>
            <ClassDot index={of.index} />
            <span className="truncate">{of.name}</span>
          </>
        ) : (
          <span className="text-ink-3">{t('noClass')}</span>
        )}
      </p>
    </div>
  );
}
