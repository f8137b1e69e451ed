import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { projectQuery } from '../data/queries.js';
import { Choices } from '../parts/choices.js';
import { Failure } from '../parts/failure.js';
import type { FindSearch } from '../router.js';
import { DataHead } from './data/data-head.js';
import { Duplicates } from './find/duplicates.js';
import { Mistakes } from './find/mistakes.js';
import { Outliers } from './find/outliers.js';

const route = getRouteApi('/projects/$project/find');

/** What is worth a look among many pictures: nearly the same ones, strange ones, labels that are likely wrong. */
export function FindPage() {
  const { t } = useTranslation(['find', 'data']);
  const { project: name } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const project = useQuery(projectQuery(name));
  const what = search.what ?? 'duplicates';
  const change = (next: Partial<FindSearch>) =>
    void navigate({ search: (old) => ({ ...old, ...next }), replace: true });
  const open = ({ sha256 }: { sha256: string }) =>
    void navigate({ to: '/projects/$project/pictures/$sha256', params: { project: name, sha256 } });
  if (project.isError) {
    return (
      <Failure error={project.error} what={t('data:projectFailed', { project: name })} onRetry={project.refetch} />
    );
  }
  const part = { project: name, search, change, open };
  return (
    <>
      <DataHead project={project.data} name={name} />
      <div className="flex min-h-12 shrink-0 items-center border-b border-line px-6 py-2 max-md:px-4">
        <Choices
          label={t('what')}
          value={what}
          options={(['duplicates', 'outliers', 'mistakes'] as const).map((value) => ({
            value,
            text: t(`whats.${value}`),
          }))}
          onChange={(value) => change({ what: value === 'duplicates' ? undefined : value, model: undefined })}
        />
      </div>
      {what === 'duplicates' && <Duplicates {...part} />}
      {what === 'outliers' && <Outliers {...part} />}
      {/* Which labels there are says what is looked at first. */}
      {what === 'mistakes' && project.data && <Mistakes {...part} classes={project.data.classes} />}
    </>
  );
}

/** What each part of the page is given. */
export interface FindPart {
  readonly project: string;
  readonly search: FindSearch;
  readonly change: (next: Partial<FindSearch>) => void;
  readonly open: (picture: { readonly sha256: string }) => void;
}
