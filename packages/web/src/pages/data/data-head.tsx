import type { Project } from '@fovea/api';
import { Link } from '@tanstack/react-router';
import { Fragment, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../../catalogue/format.js';
import { type ListingSearch, pickFilter, pickListing } from '../../data/filter-search.js';
import { labelCounts } from '../../data/label-kinds.js';
import { PageHead } from '../../parts/page-head.js';

const tabClass =
  'inline-flex h-9 shrink-0 items-center border-b-2 border-transparent text-13 text-ink-2 hover:text-ink data-[status=active]:border-accent data-[status=active]:font-medium data-[status=active]:text-ink';

/** The head of a project's data pages: what it holds, and its tabs. */
export function DataHead({
  project,
  name,
  search = {},
  children,
}: {
  project: Project | undefined;
  name: string;
  /** The filter, which goes along from one view of the pictures to another. */
  search?: ListingSearch;
  children?: ReactNode;
}) {
  const { t } = useTranslation('data');
  return (
    <>
      <PageHead
        title={name}
        facts={
          project && (
            <>
              <span>{t('pictureCount', { count: project.counts.media, text: formatCount(project.counts.media) })}</span>
              <span aria-hidden>·</span>
              {labelCounts(project.counts).map(([kind, count]) => (
                <Fragment key={kind}>
                  <span>{t(`kind.${kind}`, { count, text: formatCount(count) })}</span>
                  <span aria-hidden>·</span>
                </Fragment>
              ))}
              <span>{t('classCount', { count: project.counts.classes })}</span>
              {project.description && <span className="truncate text-ink-3">{project.description}</span>}
            </>
          )
        }
        actions={children}
      />
      <nav
        aria-label={t('tabs')}
        className="hairline-b flex shrink-0 gap-6 overflow-x-auto overflow-y-hidden px-6 max-md:gap-4 max-md:px-4"
      >
        <Link
          to="/projects/$project/data"
          params={{ project: name }}
          search={pickListing(search)}
          activeOptions={{ includeSearch: false }}
          className={tabClass}
        >
          {t('pictures')}
        </Link>
        <Link
          to="/projects/$project/statistics"
          params={{ project: name }}
          search={pickFilter(search)}
          activeOptions={{ includeSearch: false }}
          className={tabClass}
        >
          {t('statistics')}
        </Link>
        <Link
          to="/projects/$project/map"
          params={{ project: name }}
          activeOptions={{ includeSearch: false }}
          className={tabClass}
        >
          {t('map')}
        </Link>
        <Link
          to="/projects/$project/find"
          params={{ project: name }}
          activeOptions={{ includeSearch: false }}
          className={tabClass}
        >
          {t('find')}
        </Link>
        <Link
          to="/projects/$project/snapshots"
          params={{ project: name }}
          search={pickFilter(search)}
          activeOptions={{ includeSearch: false }}
          className={tabClass}
        >
          {t('snapshots')}
        </Link>
      </nav>
    </>
  );
}
