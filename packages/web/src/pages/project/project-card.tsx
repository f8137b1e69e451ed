import type { Project } from '@fovea/api';
import { Link } from '@tanstack/react-router';
import { ImageIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../../catalogue/format.js';
import { api } from '../../data/api.js';
import { labelCounts } from '../../data/label-kinds.js';
import { ClassDot } from '../../parts/class-dot.js';

/** A project at a glance: what its pictures look like, how much there is, which classes. */
export function ProjectCard({ project }: { project: Project }) {
  const { t } = useTranslation('project');
  const { name, counts, classes } = project;
  // The kind there is most of stands for the others.
  const [kind, labels] = labelCounts(counts).reduce((most, one) => (one[1] > most[1] ? one : most));
  const figures = [
    [t('pictures'), counts.media],
    [t(kind), labels],
    [t('runs'), counts.runs],
    [t('models'), counts.models],
  ] as const;
  return (
    <Link
      to="/projects/$project/data"
      params={{ project: name }}
      className="panel block overflow-hidden transition-colors hover:border-line-field"
    >
      <Cover project={project} />
      <div className="p-4">
        <h2 className="truncate text-16 font-semibold">{name}</h2>
        <p className="min-h-5 truncate text-ink-2">{project.description}</p>
        <dl className="mt-3 grid grid-cols-4 gap-2">
          {figures.map(([label, value]) => (
            <div key={label} className="flex min-w-0 flex-col-reverse">
              <dt className="truncate text-12 text-ink-3">{label}</dt>
              <dd className="text-14 font-medium">{formatCount(value)}</dd>
            </div>
          ))}
        </dl>
        <p className="mt-3 flex h-5 items-center gap-3 overflow-hidden text-12 text-ink-2">
          {classes.slice(0, 4).map(({ index, name: className }) => (
            <span key={className} className="inline-flex min-w-0 items-center gap-1.5">
              <ClassDot index={index} />
              <span className="truncate">{className}</span>
            </span>
          ))}
          {classes.length > 4 && <span className="shrink-0">+{formatCount(classes.length - 4)}</span>}
        </p>
      </div>
    </Link>
  );
}

function Cover({ project }: { project: Project }) {
  const { cover, name } = project;
  if (cover.length === 0) {
    return (
      <div className="flex aspect-2/1 items-center justify-center bg-sunken text-ink-3">
        <ImageIcon className="size-6" aria-hidden />
      </div>
    );
  }
  const shown = cover.length >= 3 ? cover.slice(0, 3) : cover.slice(0, 1);
  return (
    <div className={`grid aspect-2/1 gap-px bg-line ${shown.length === 3 ? 'grid-cols-[2fr_1fr] grid-rows-2' : ''}`}>
      {shown.map((sha256, index) => (
        <img
          key={sha256}
          src={api.thumbnailUrl(name, sha256)}
          alt=""
          className={`size-full min-h-0 bg-sunken object-cover ${index === 0 && shown.length === 3 ? 'row-span-2' : ''}`}
        />
      ))}
    </div>
  );
}

/** A card's room before it is there. */
export function ProjectCardSkeleton() {
  return (
    <div className="panel overflow-hidden">
      <div className="skeleton aspect-2/1 rounded-none" />
      <div className="h-43 p-4">
        <div className="skeleton h-5 w-32" />
      </div>
    </div>
  );
}
