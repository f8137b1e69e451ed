import { Link } from '@tanstack/react-router';
import { LayoutGrid, Search } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useProjectName } from './project-name.js';
import { sections } from './sections.js';

const cell =
  'flex min-w-0 flex-1 flex-col items-center justify-center gap-0.5 text-12 text-ink-2 data-[status=active]:text-accent [&_svg]:size-5';

/** On a narrow screen the rail lies at the bottom, within reach of a thumb. */
export function NarrowBar({ onPalette }: { onPalette: () => void }) {
  const { t } = useTranslation();
  const project = useProjectName();
  return (
    <nav
      aria-label={t('rail')}
      className="flex h-14 border-t border-line bg-sunken pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      <Link to="/projects" activeOptions={{ exact: true }} className={cell}>
        <LayoutGrid aria-hidden />
        {t('projects')}
      </Link>
      {project &&
        sections.map(({ key, to, icon: Icon }) => (
          <Link key={key} to={to} params={{ project }} className={cell}>
            <Icon aria-hidden />
            {t(key)}
          </Link>
        ))}
      <button type="button" onClick={onPalette} className={cell}>
        <Search aria-hidden />
        {t('search')}
      </button>
    </nav>
  );
}
