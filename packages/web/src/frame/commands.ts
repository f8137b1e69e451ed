import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import {
  Boxes,
  ChartColumn,
  Folder,
  Layers,
  LayoutGrid,
  type LucideIcon,
  Monitor,
  Moon,
  Orbit,
  Play,
  Plus,
  SearchCheck,
  Sun,
  TrendingUp,
} from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { formatAgo } from '../catalogue/format.js';
import { modelsQuery, projectsQuery, runsQuery } from '../data/queries.js';
import { useProjectName } from './project-name.js';
import { jobsSection, sections } from './sections.js';
import { setTheme } from './theme.js';

/** One thing the palette reaches. */
export interface Command {
  readonly id: string;
  readonly kind: 'pages' | 'actions' | 'runs' | 'models' | 'projects';
  readonly title: string;
  readonly hint?: string;
  readonly keys?: string;
  readonly icon: LucideIcon;
  readonly run: () => void;
}

/** Everything that can be reached from here, in the order of kinds. */
export function useCommands(): Command[] {
  const { t } = useTranslation(['frame', 'run']);
  const navigate = useNavigate();
  const project = useProjectName();
  const { data: projects = [] } = useQuery(projectsQuery);
  const { data: runs = [] } = useQuery(runsQuery());
  const { data: models = [] } = useQuery(modelsQuery());
  const commands: Command[] = [];

  if (project) {
    for (const { key, to, icon } of sections) {
      const run = () => navigate({ to, params: { project } });
      commands.push({ id: key, kind: 'pages', title: t(key), hint: project, keys: `g ${key[0]}`, icon, run });
    }
    commands.push({
      id: 'statistics',
      kind: 'pages',
      title: t('statistics'),
      hint: project,
      icon: ChartColumn,
      run: () => navigate({ to: '/projects/$project/statistics', params: { project } }),
    });
    commands.push({
      id: 'map',
      kind: 'pages',
      title: t('map'),
      hint: project,
      icon: Orbit,
      run: () => navigate({ to: '/projects/$project/map', params: { project } }),
    });
    commands.push({
      id: 'find',
      kind: 'pages',
      title: t('find'),
      hint: project,
      icon: SearchCheck,
      run: () => navigate({ to: '/projects/$project/find', params: { project } }),
    });
    commands.push({
      id: 'snapshots',
      kind: 'pages',
      title: t('snapshots'),
      hint: project,
      icon: Layers,
      run: () => navigate({ to: '/projects/$project/snapshots', params: { project } }),
    });
  }
  commands.push(
    {
      id: 'projects',
      kind: 'pages',
      title: t('projects'),
      keys: 'g p',
      icon: LayoutGrid,
      run: () => navigate({ to: '/projects' }),
    },
    {
      id: 'jobs',
      kind: 'pages',
      title: t('jobs'),
      keys: 'g j',
      icon: jobsSection.icon,
      run: () => navigate({ to: '/jobs' }),
    },
  );
  if (project) {
    commands.push({
      id: 'train',
      kind: 'actions',
      title: t('trainOn', { project }),
      keys: 'g t',
      icon: Play,
      run: () => navigate({ to: '/projects/$project/train', params: { project } }),
    });
  }
  commands.push(
    {
      id: 'create',
      kind: 'actions',
      title: t('newProject'),
      icon: Plus,
      run: () => navigate({ to: '/projects', search: { create: true } }),
    },
    {
      id: 'light',
      kind: 'actions',
      title: t('useTheme', { theme: t('themes.light') }),
      icon: Sun,
      run: () => setTheme('light'),
    },
    {
      id: 'dark',
      kind: 'actions',
      title: t('useTheme', { theme: t('themes.dark') }),
      icon: Moon,
      run: () => setTheme('dark'),
    },
    {
      id: 'system',
      kind: 'actions',
      title: t('useTheme', { theme: t('themes.system') }),
      icon: Monitor,
      run: () => setTheme('system'),
    },
  );
  for (const { name } of projects) {
    const run = () => navigate({ to: '/projects/$project/data', params: { project: name } });
    commands.push({ id: `project-${name}`, kind: 'projects', title: name, icon: Folder, run });
  }
  for (const model of models) {
    const params = { project: model.project ?? '-', model: model.name };
    const run = () => navigate({ to: '/projects/$project/models/$model', params });
    commands.push({
      id: `model-${model.name}`,
      kind: 'models',
      title: model.name,
      hint: model.project ?? '',
      icon: Boxes,
      run,
    });
  }
  for (const { id, name, project: of, state, createdAt } of runs.slice(0, 50)) {
    const run = () => navigate({ to: '/projects/$project/runs/$run', params: { project: of, run: id } });
    const hint = `${of} · ${t(`run:state.${state}`)} · ${formatAgo(createdAt)}`;
    commands.push({ id: `run-${id}`, kind: 'runs', title: name, hint, icon: TrendingUp, run });
  }
  return commands;
}

/** Those whose title or hint holds every word, best first: words that start the title before words inside it. */
export function rankCommands(commands: readonly Command[], text: string): Command[] {
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...commands];
  const score = ({ title, hint = '' }: Command) => {
    const lower = title.toLocaleLowerCase();
    const all = `${lower} ${hint.toLocaleLowerCase()}`;
    if (!words.every((word) => all.includes(word))) return -1;
    return words.reduce((sum, word) => sum + (lower.startsWith(word) ? 3 : lower.includes(` ${word}`) ? 2 : 1), 0);
  };
  const kindBest = new Map<string, number>();
  const scored = commands.map((command) => ({ command, score: score(command) })).filter((entry) => entry.score >= 0);
  for (const { command, score: value } of scored)
    kindBest.set(command.kind, Math.max(kindBest.get(command.kind) ?? 0, value));
  return scored
    .sort((a, b) => {
      if (a.command.kind === b.command.kind) return b.score - a.score;
      const best = kindBest.get(b.command.kind)! - kindBest.get(a.command.kind)!;
      return best || a.command.kind.localeCompare(b.command.kind);
    })
    .map(({ command }) => command);
}
