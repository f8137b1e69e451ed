import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useEffect } from 'react';
import { projectsQuery } from '../data/queries.js';
import { recall, remember } from './theme.js';

const key = 'fovea.project';

/**
 * The project the page is about; on pages of no project, the last one visited, so that the rail keeps its way back.
 * One that is not there (any more) is neither remembered nor recalled.
 */
export function useProjectName(): string | undefined {
  const { project } = useParams({ strict: false });
  const { data: projects } = useQuery(projectsQuery);
  const known = (name: string) => projects?.some((one) => one.name === name) ?? false;
  const exists = project !== undefined && known(project);
  useEffect(() => {
    if (exists) remember(key, project);
  }, [exists, project]);
  if (project !== undefined) return project;
  const last = recall(key);
  return last !== null && known(last) ? last : undefined;
}

/** The project last visited, whether it is still there or not. */
export const lastProject = (): string | null => recall(key);
