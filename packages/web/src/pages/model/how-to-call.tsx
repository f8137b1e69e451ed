import { Tabs } from '@base-ui/react/tabs';
import type { ModelVersion } from '@fovea/api';
import { useTranslation } from 'react-i18next';
import { isTask } from '../../data/task-figures.js';
import { CopyButton } from '../../parts/copy-button.js';
import { callExamples } from './call-examples.js';

/** The same call in the languages people have at hand, ready to copy, at this server's own address. */
export function HowToCall({ model, version }: { model: string; version: ModelVersion }) {
  const { t } = useTranslation('model');
  const { task } = version.card;
  if (!isTask(task)) return null;
  const examples = callExamples(
    location.origin,
    model,
    task,
    version.aliases.includes('champion') ? undefined : version.version,
  );
  return (
    <section>
      <h2 className="mt-8 mb-3 text-14 font-semibold">{t('howToCall')}</h2>
      <Tabs.Root defaultValue={examples[0]!.name} className="panel overflow-hidden">
        <Tabs.List className="flex gap-6 border-b border-line px-4" aria-label={t('howToCall')}>
          {examples.map(({ name }) => (
            <Tabs.Tab
              key={name}
              value={name}
              className="-mb-px h-10 border-b-2 border-transparent text-ink-2 hover:text-ink data-[active]:border-accent data-[active]:font-medium data-[active]:text-ink"
            >
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {examples.map(({ name, code }) => (
          <Tabs.Panel key={name} value={name} className="relative min-h-40">
            <pre className="overflow-x-auto p-4 pr-14 font-mono text-12 leading-5">{code}</pre>
            <CopyButton text={code} className="absolute top-2 right-2 bg-surface" />
          </Tabs.Panel>
        ))}
      </Tabs.Root>
    </section>
  );
}
