import { useQuery } from '@tanstack/react-query';
import { Navigate } from '@tanstack/react-router';
import { LoaderCircle } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { isActive, projectsQuery, runsQuery } from '../data/queries.js';
import { lastProject } from '../frame/project-name.js';
import { Empty } from '../parts/empty.js';
import { Failure } from '../parts/failure.js';
import { Preparing } from './project/preparing.js';
import { ProjectsPage } from './projects-page.js';

/**
 * Where `/` leads: to what runs now, else to the project last worked on, else to all projects. On a home just made, the
 * sample is shown as it is drawn, and its run as soon as it starts.
 */
export function LandingPage() {
  const { t } = useTranslation('project');
  const projects = useQuery({ ...projectsQuery, refetchInterval: 1_500 });
  const runs = useQuery({ ...runsQuery(), refetchInterval: 1_500 });
  if (projects.isError || runs.isError) {
    return (
      <Failure
        error={projects.error ?? runs.error}
        what={t('listFailed')}
        onRetry={() => {
          void projects.refetch();
          void runs.refetch();
        }}
      />
    );
  }
  if (!projects.data || !runs.data) {
    const { code } = (projects.failureReason ?? {}) as { code?: string };
    return code === 'starting' ? <Empty icon={LoaderCircle} text={t('starting')} /> : null;
  }

  const active = runs.data.find(isActive);
  const only = projects.data.length === 1 ? projects.data[0] : undefined;
  const toShow = active ?? (only?.name === 'sample' ? runs.data[0] : undefined);
  const remembered = projects.data.find(({ name }) => name === lastProject());
  if (toShow && (active || !remembered)) {
    const params = { project: toShow.project, run: toShow.id };
    return <Navigate to="/projects/$project/runs/$run" params={params} replace />;
  }
  if (only?.name === 'sample' && runs.data.length === 0) return <Preparing project={only} />;
  if (remembered) return <Navigate to="/projects/$project/data" params={{ project: remembered.name }} replace />;
  if (projects.data.length > 0) return <Navigate to="/projects" replace />;
  return <ProjectsPage />;
}
