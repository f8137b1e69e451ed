import { useParams } from '@tanstack/react-router';
import { useEffect } from 'react';
import { recall, remember } from './theme.js';

const key = 'fovea.project';

/** The project the page is about; on pages of no project, the last one visited, so that the rail keeps its way back. */
export function useProjectName(): string | undefined {
  const { project } = useParams({ strict: false });
  useEffect(() => {
    if (project) remember(key, project);
  }, [project]);
  return project ?? recall(key) ?? undefined;
}

/** Forgets the last project, once it turned out to be gone. */
export function forgetProject(): void {
  remember(key, null);
}
