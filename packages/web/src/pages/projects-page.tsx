import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { projectsQuery } from '../data/queries.js';
import { useKeys } from '../frame/keys.js';
import { Button } from '../parts/button.js';
import { Failure } from '../parts/failure.js';
import { PageHead } from '../parts/page-head.js';
import { NewProject } from './project/new-project.js';
import { ProjectCard, ProjectCardSkeleton } from './project/project-card.js';

const grid = 'grid grid-cols-[repeat(auto-fill,minmax(min(17rem,100%),1fr))] gap-4 px-6 pb-8 max-md:px-4';

/** All projects of this home. */
export function ProjectsPage() {
  const { t } = useTranslation('project');
  const navigate = useNavigate();
  const { create } = useSearch({ strict: false });
  const projects = useQuery(projectsQuery);
  const setCreate = (open: boolean) =>
    navigate({ to: '/projects', search: { create: open || undefined }, replace: true });
  useKeys(t('keys'), [{ keys: 'c', label: t('new'), run: () => setCreate(true) }]);

  const none = projects.data?.length === 0;
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <PageHead
        title={t('projects')}
        facts={projects.data && t('count', { count: projects.data.length })}
        actions={
          !create &&
          !none && (
            <Button tone="primary" onClick={() => setCreate(true)}>
              <Plus aria-hidden />
              {t('new')}
            </Button>
          )
        }
      />
      {projects.isError && <Failure error={projects.error} what={t('listFailed')} onRetry={projects.refetch} />}
      {(create || none) && <NewProject first={none ?? false} onClose={none ? undefined : () => setCreate(false)} />}
      {projects.isPending && (
        <div className={grid} aria-busy="true">
          {['a', 'b', 'c', 'd'].map((key) => (
            <ProjectCardSkeleton key={key} />
          ))}
        </div>
      )}
      {projects.data && (
        <ul className={grid}>
          {projects.data.map((project) => (
            <li key={project.name}>
              <ProjectCard project={project} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
