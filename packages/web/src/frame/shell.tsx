import { Outlet, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { KeySheet } from './key-sheet.js';
import { listenToKeys, useKeys } from './keys.js';
import { NarrowBar } from './narrow-bar.js';
import { Palette } from './palette.js';
import { useProjectName } from './project-name.js';
import { Rail } from './rail.js';

/** The frame every page stands in: rail, content, and what floats above both. */
export function Shell() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const project = useProjectName();
  const [palette, setPalette] = useState(false);
  const [sheet, setSheet] = useState(false);
  useEffect(listenToKeys, []);

  useKeys(t('everywhere'), [
    { keys: 'mod+k', label: t('openPalette'), run: () => setPalette((open) => !open), whileTyping: true },
    { keys: '?', label: t('showKeys'), run: () => setSheet((open) => !open) },
    { keys: 'g p', label: t('goProjects'), run: () => navigate({ to: '/projects' }) },
    ...(project
      ? [
          {
            keys: 'g d',
            label: t('goData'),
            run: () => navigate({ to: '/projects/$project/data', params: { project } }),
          },
          {
            keys: 'g r',
            label: t('goRuns'),
            run: () => navigate({ to: '/projects/$project/runs', params: { project } }),
          },
          {
            keys: 'g m',
            label: t('goModels'),
            run: () => navigate({ to: '/projects/$project/models', params: { project } }),
          },
          {
            keys: 'g t',
            label: t('goTrain'),
            run: () => navigate({ to: '/projects/$project/train', params: { project } }),
          },
        ]
      : []),
    { keys: 'g j', label: t('goJobs'), run: () => navigate({ to: '/jobs' }) },
  ]);

  return (
    <div className="grid h-full grid-cols-[auto_minmax(0,1fr)] max-md:grid-cols-1 max-md:grid-rows-[minmax(0,1fr)_auto]">
      <a
        href="#content"
        className="fixed top-2 left-2 z-50 -translate-y-16 rounded-md bg-accent px-3 py-2 text-on-accent focus:translate-y-0"
      >
        {t('skip')}
      </a>
      <Rail onPalette={() => setPalette(true)} onKeys={() => setSheet(true)} />
      <main id="content" tabIndex={-1} className="relative flex min-h-0 min-w-0 flex-col outline-none">
        <Outlet />
      </main>
      <NarrowBar onPalette={() => setPalette(true)} />
      <Palette open={palette} onOpenChange={setPalette} />
      <KeySheet open={sheet} onOpenChange={setSheet} />
    </div>
  );
}
