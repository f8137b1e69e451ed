import type { Project } from '@fovea/api';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../../catalogue/format.js';
import { api } from '../../data/api.js';
import { firstPicturesQuery } from '../../data/queries.js';
import { BoxOverlay } from '../../parts/box-overlay.js';
import { range } from '../../parts/range.js';
import { Steps } from '../../parts/steps.js';

/** The first minute of a new home: the sample's pictures, as they are drawn, and what comes after them. */
export function Preparing({ project }: { project: Project }) {
  const { t } = useTranslation('project');
  const client = useQueryClient();
  const { data: items = [] } = useQuery(firstPicturesQuery(project.name, 40));
  const count = project.counts.media;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the count is what says that there are new pictures.
  useEffect(() => {
    void client.invalidateQueries({ queryKey: ['first-pictures', project.name] });
  }, [count, client, project.name]);
  return (
    <div className="flex min-h-0 flex-1 flex-col overflow-y-auto">
      <div className="mx-auto w-full max-w-4xl px-6 py-12">
        <h1 className="text-28 font-semibold tracking-tight text-balance">{t('welcome')}</h1>
        <p className="mt-3 max-w-xl text-16 text-ink-2">{t('welcomeText')}</p>
        <Steps
          className="mt-8"
          at={0}
          steps={[
            { name: t('stepDraw'), text: t('drawn', { count, text: formatCount(count) }) },
            { name: t('stepTrain') },
            { name: t('stepTry') },
          ]}
        />
        <div className="mt-8 grid grid-cols-8 gap-1 max-md:grid-cols-3" aria-busy="true">
          {range(40).map((index) => {
            const item = items[index];
            if (!item) return <div key={index} className="skeleton aspect-3/2" />;
            return (
              <div key={item.sha256} className="appear relative aspect-3/2 overflow-hidden rounded-sm bg-sunken">
                <img src={api.thumbnailUrl(project.name, item.sha256)} alt="" className="size-full object-cover" />
                <BoxOverlay width={item.width} height={item.height} boxes={item.annotations} />
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
