import type { SampleSet } from '@fovea/api';
import { useTranslation } from 'react-i18next';
import { api } from '../../data/api.js';

type Picture = Pick<SampleSet['pictures'][number], 'sha256' | 'name' | 'width' | 'height'>;

/** Pictures to try with one click, those the model never trained on where there are any. */
export function HeldOut({
  project,
  pictures,
  text,
  pending,
  current,
  onChoose,
}: {
  project: string;
  pictures: readonly Picture[];
  /** What they are. */
  text: string;
  /** Whether the pictures are on their way: their room is then kept. */
  pending: boolean;
  /** Name of the picture shown. */
  current: string | undefined;
  onChoose: (picture: Picture) => void;
}) {
  const { t } = useTranslation('model');
  if (pictures.length === 0 && !pending) return null;
  return (
    <div className="flex items-center gap-4 border-t border-line p-3 max-md:flex-col max-md:items-start max-md:gap-2">
      <p className="shrink-0 px-1 text-12 text-ink-2">{text}</p>
      <ul className="flex min-w-0 flex-1 gap-1 overflow-x-auto p-1 max-md:w-full">
        {pending && <li className="skeleton h-14 w-full" />}
        {pictures.map((picture) => (
          <li key={picture.sha256} className="shrink-0">
            <button
              type="button"
              data-held-out
              aria-label={t('tryPicture', { name: picture.name })}
              aria-pressed={picture.name === current}
              onClick={() => onChoose(picture)}
              className="block h-14 overflow-hidden rounded-sm bg-sunken aria-pressed:outline-2 aria-pressed:outline-accent"
              style={{ aspectRatio: `${picture.width} / ${picture.height}` }}
            >
              <img src={api.thumbnailUrl(project, picture.sha256)} alt="" className="size-full object-cover" />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
