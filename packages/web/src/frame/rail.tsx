import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Keyboard, PanelLeftClose, PanelLeftOpen, Search } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { healthQuery, isActive, runsQuery } from '../data/queries.js';
import { Keys, Tip } from '../parts/button.js';
import { Logo } from './logo.js';
import { useProjectName } from './project-name.js';
import { ProjectSwitcher } from './project-switcher.js';
import { jobsSection, sections } from './sections.js';
import { remember } from './theme.js';
import { ThemeMenu } from './theme-menu.js';

const row =
  'flex h-8 items-center gap-3 rounded-md px-2 text-13 text-ink-2 transition-colors hover:bg-hover hover:text-ink data-[status=active]:bg-hover data-[status=active]:font-medium data-[status=active]:text-ink [&_svg]:size-4 [&_svg]:shrink-0';

/** The left rail: project, its sections, and what is the same everywhere. It folds to icons. */
export function Rail({ onPalette, onKeys }: { onPalette: () => void; onKeys: () => void }) {
  const { t } = useTranslation();
  const project = useProjectName();
  const [folded, setFolded] = useState(document.documentElement.dataset.rail === 'folded');
  const runs = useQuery({ ...runsQuery(project), enabled: project !== undefined });
  const running = runs.data?.some(isActive) ?? false;
  const fold = () => {
    setFolded(!folded);
    remember('fovea.rail', folded ? null : 'folded');
  };
  const item = (key: 'data' | 'runs' | 'models' | 'jobs', inside: React.ReactElement<Record<string, unknown>>) =>
    folded ? (
      <Tip key={key} label={t(key)} side="right">
        {inside}
      </Tip>
    ) : (
      inside
    );

  return (
    <nav
      aria-label={t('rail')}
      className={`flex min-h-0 flex-col gap-1 border-r border-line bg-sunken p-2 max-md:hidden ${folded ? 'w-13' : 'w-56'}`}
    >
      <div className={`mb-2 flex items-center ${folded ? 'flex-col gap-1' : 'h-10 justify-between pl-2'}`}>
        <Link
          to="/projects"
          className="flex items-center gap-2 rounded-md text-16 font-semibold tracking-tight"
          aria-label={t('goProjects')}
        >
          <Logo className={folded ? 'my-2 size-6' : 'size-6'} />
          {!folded && 'Fovea'}
        </Link>
        <Tip label={t(folded ? 'unfold' : 'fold')} side="right">
          <button
            type="button"
            onClick={fold}
            aria-label={t(folded ? 'unfold' : 'fold')}
            aria-expanded={!folded}
            className="flex size-8 items-center justify-center rounded-md text-ink-3 hover:bg-hover hover:text-ink"
          >
            {folded ? (
              <PanelLeftOpen className="size-4" aria-hidden />
            ) : (
              <PanelLeftClose className="size-4" aria-hidden />
            )}
          </button>
        </Tip>
      </div>
      <ProjectSwitcher folded={folded} project={project} />
      <button type="button" onClick={onPalette} className={`${row} mb-3`} aria-label={t('openPalette')}>
        <Search aria-hidden />
        {!folded && (
          <>
            <span className="flex-1 text-left">{t('search')}</span>
            <Keys keys="mod+k" />
          </>
        )}
      </button>
      {project &&
        sections.map(({ key, to, icon: Icon }) =>
          item(
            key,
            <Link key={key} to={to} params={{ project }} className={row} aria-label={t(key)}>
              <Icon aria-hidden />
              {!folded && <span className="flex-1">{t(key)}</span>}
              {key === 'runs' && running && (
                <span className="size-1.5 animate-pulse rounded-full bg-accent" title={t('runningNow')} />
              )}
            </Link>,
          ),
        )}
      {item(
        'jobs',
        <Link to={jobsSection.to} className={row} aria-label={t('jobs')}>
          <jobsSection.icon aria-hidden />
          {!folded && t('jobs')}
        </Link>,
      )}
      <div className="flex-1" />
      <ServerMark folded={folded} />
      <div className={`flex gap-1 ${folded ? 'flex-col items-center' : ''}`}>
        <ThemeMenu />
        <Tip label={t('showKeys')} keys="?" side="top">
          <button
            type="button"
            onClick={onKeys}
            aria-label={t('showKeys')}
            className="flex size-8 items-center justify-center rounded-md text-ink-2 hover:bg-hover hover:text-ink"
          >
            <Keyboard className="size-4" aria-hidden />
          </button>
        </Tip>
      </div>
    </nav>
  );
}

/** Whether the server answers, and of which version it is; silent while all is well. */
function ServerMark({ folded }: { folded: boolean }) {
  const { t } = useTranslation();
  const health = useQuery(healthQuery);
  if (health.isError) {
    return (
      <p
        role="status"
        className={`flex items-center gap-2 px-2 py-1 text-12 text-bad ${folded ? 'justify-center' : ''}`}
      >
        <span className="size-1.5 rounded-full bg-bad" />
        <span className={folded ? 'sr-only' : ''}>{t('serverAway')}</span>
      </p>
    );
  }
  if (folded) return null;
  return (
    <p className="h-6 px-2 py-1 text-12 text-ink-3">{health.data && t('version', { version: health.data.version })}</p>
  );
}
