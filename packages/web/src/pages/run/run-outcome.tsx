import type { Run } from '@fovea/api';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleAlert, CircleCheck, CirclePause } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { figureName } from '../../catalogue/figure-name.js';
import { formatFigure } from '../../catalogue/format.js';
import { modelQuery } from '../../data/queries.js';
import { mainFigure } from '../../data/task-figures.js';
import { buttonClass } from '../../parts/button.js';
import { CopyButton } from '../../parts/copy-button.js';

const box = 'rise-in flex flex-wrap items-center gap-x-4 gap-y-3 rounded-md border px-6 py-4 max-md:px-4';

/** How a run ended, and what comes next; nothing while it is under way. */
export function RunOutcome({ run }: { run: Run }) {
  const { t } = useTranslation(['run', 'frame']);
  const { name, value } = useKeptFigure(run);
  if (run.state === 'finished' && run.model) {
    return (
      <section className={`${box} border-good/30 bg-good-soft`}>
        <CircleCheck className="size-5 shrink-0 text-good" aria-hidden />
        <p className="min-w-0 flex-1 basis-64 text-14">
          <span className="font-semibold">{t('ready', { name: run.model.name, version: run.model.version })}</span>{' '}
          <span className="text-ink-2">
            {t('readyText', { figure: figureName(t, name), value: formatFigure(value) })}{' '}
            {run.task === 'detection' && t('readyNext')}
          </span>
        </p>
        <Link
          to="/projects/$project/models/$model"
          params={{ project: run.project, model: run.model.name }}
          search={{ version: run.model.version }}
          className={buttonClass('primary')}
        >
          {t(run.task === 'detection' ? 'tryModel' : 'seeModel')}
        </Link>
      </section>
    );
  }
  if (run.state === 'failed') {
    const message = run.error?.message ?? t('noReason');
    return (
      <section role="alert" className={`${box} border-bad/40 bg-bad-soft`}>
        <CircleAlert className="size-5 shrink-0 text-bad" aria-hidden />
        <p className="min-w-0 flex-1 basis-64 text-14 wrap-anywhere">
          <span className="font-semibold">{t('failed')}</span> <span className="text-ink-2">{message}</span>
        </p>
        <CopyButton
          text={JSON.stringify({ run: run.id, error: run.error, params: run.params }, null, 2)}
          label={t('frame:copyDetails')}
        />
      </section>
    );
  }
  if (run.state === 'stopped') {
    return (
      <section className={`${box} border-warn/30 bg-warn-soft`}>
        <CirclePause className="size-5 shrink-0 text-warn" aria-hidden />
        <p className="min-w-0 flex-1 basis-64 text-14">
          <span className="font-semibold">{t('stopped')}</span> <span className="text-ink-2">{t('stoppedText')}</span>
        </p>
      </section>
    );
  }
  return null;
}

/** The main figure of the model that was kept: the last evaluation may have been of weaker weights. */
function useKeptFigure(run: Run): ReturnType<typeof mainFigure> {
  const last = mainFigure(run);
  const model = useQuery({ ...modelQuery(run.model?.name ?? ''), enabled: run.model !== null });
  const kept = model.data?.versions.find(({ version }) => version === run.model?.version)?.card.metrics[last.name];
  return typeof kept === 'number' ? { name: last.name, value: kept } : last;
}
