import { Menu } from '@base-ui/react/menu';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Check, ChevronsUpDown, LayoutGrid, Plus } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../catalogue/format.js';
import { api } from '../data/api.js';
import { projectsQuery } from '../data/queries.js';
import { menuItem, menuPopup } from './theme-menu.js';

/** Which project this is, and the way to the others. */
export function ProjectSwitcher({ project, folded }: { project: string | undefined; folded: boolean }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { data: projects } = useQuery(projectsQuery);
  const current = projects?.find(({ name }) => name === project);
  return (
    <Menu.Root>
      <Menu.Trigger
        aria-label={t('switchProject', { project: project ?? t('noProject') })}
        className={`flex h-10 items-center gap-2 rounded-md text-left text-13 font-medium hover:bg-hover data-[popup-open]:bg-hover ${folded ? 'justify-center' : 'border border-line bg-surface px-2'}`}
      >
        <Cover project={current?.name} cover={current?.cover[0]} />
        {!folded && (
          <>
            <span className="min-w-0 flex-1 truncate">{project ?? t('noProject')}</span>
            <ChevronsUpDown className="size-4 shrink-0 text-ink-3" aria-hidden />
          </>
        )}
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner side="bottom" align="start" sideOffset={4} className="z-40">
          <Menu.Popup className={`${menuPopup} w-64`}>
            {projects?.map(({ name, counts, cover }) => (
              <Menu.Item
                key={name}
                className={`${menuItem} h-10`}
                onClick={() => navigate({ to: '/projects/$project/data', params: { project: name } })}
              >
                <Cover project={name} cover={cover[0]} />
                <span className="min-w-0 flex-1 truncate">{name}</span>
                <span className="text-12 text-ink-3">{formatCount(counts.media)}</span>
                <Check className={name === project ? '' : 'invisible'} aria-hidden />
              </Menu.Item>
            ))}
            <Menu.Separator className="my-1 h-px bg-line" />
            <Menu.Item className={menuItem} onClick={() => navigate({ to: '/projects' })}>
              <LayoutGrid aria-hidden />
              {t('allProjects')}
            </Menu.Item>
            <Menu.Item className={menuItem} onClick={() => navigate({ to: '/projects', search: { create: true } })}>
              <Plus aria-hidden />
              {t('newProject')}
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

function Cover({ project, cover }: { project: string | undefined; cover: string | undefined }) {
  if (project === undefined || cover === undefined) {
    return <span className="size-6 shrink-0 rounded-sm bg-line" aria-hidden />;
  }
  return (
    <img src={api.thumbnailUrl(project, cover)} alt="" className="size-6 shrink-0 rounded-sm bg-line object-cover" />
  );
}
