import type { MetricPoint, Run } from '@fovea/api';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { figureName } from '../../catalogue/figure-name.js';
import { formatCount, formatFigure, formatPercent, formatSignificant, formatSpan } from '../../catalogue/format.js';
import { isActive } from '../../data/queries.js';
import { mainFigure } from '../../data/task-figures.js';
import { Steps } from '../../parts/steps.js';
import { curvePoints } from '../../plot/plot-data.js';
import { runShare, secondsTaken } from './run-time.js';

const phases = ['preparing', 'training', 'evaluating', 'registering'] as const;

/** What matters about a run: how good, how long still, how far. */
export function RunHero({ run, points }: { run: Run; points: readonly MetricPoint[] }) {
  const { t } = useTranslation(['run', 'frame']);
  const progress = run.progress;
  const { name, value } = mainFigure(run);
  const history = curvePoints(points, `val/${name}`, 'epoch').filter(
    (point): point is [number, number] => point[1] !== null,
  );
  const best = history.reduce<[number, number] | undefined>(
    (top, point) => (!top || point[1] > top[1] ? point : top),
    undefined,
  );
  const share = runShare(run);
  const at =
    run.state === 'finished'
      ? phases.length
      : run.state === 'queued' || !progress
        ? -1
        : progress.phase === 'done'
          ? phases.length
          : phases.indexOf(progress.phase);
  return (
    <section className="panel p-6 max-md:p-4" aria-label={t('summary')}>
      <div className="grid gap-x-8 gap-y-6 grid-cols-2 max-md:gap-y-4 lg:grid-cols-[minmax(14rem,1.4fr)_1fr_1fr_1fr]">
        <Figure
          large
          name={name === '' ? t('figureSoon') : t('figureUnseen', { figure: figureName(t, name) })}
          value={formatFigure(value)}
          note={best ? t('bestAt', { value: formatFigure(best[1]), epoch: best[0] }) : t('figureSoon')}
        />
        <TimeFigure run={run} />
        <Figure
          name={t('epoch')}
          value={progress ? `${formatCount(progress.epoch)} / ${formatCount(progress.epochs)}` : '–'}
          note={progress ? t('stepOf', { step: formatCount(progress.step), steps: formatCount(progress.steps) }) : ''}
        />
        <Figure
          name={t('loss')}
          value={formatSignificant(progress?.loss ?? run.metrics.loss)}
          note={
            isActive(run) && progress?.imagesPerSecond
              ? t('speed', { value: formatSignificant(progress.imagesPerSecond) })
              : run.snapshot
                ? t('splitNote', {
                    train: formatCount(run.snapshot.counts.train),
                    val: formatCount(run.snapshot.counts.val),
                  })
                : ''
          }
        />
      </div>
      <Steps
        className="mt-5"
        at={at}
        halted={!isActive(run)}
        steps={phases.map((phase) => ({
          name:
            phase === 'training' && at === 1 ? t('trainingAt', { share: formatPercent(share) }) : t(`phase.${phase}`),
          weight: phase === 'training' ? 7 : 1,
          share: phase === 'training' ? share : undefined,
        }))}
      />
    </section>
  );
}

/** Time left, counted down between the server's estimates; time taken once it is over. */
function TimeFigure({ run }: { run: Run }) {
  const { t } = useTranslation('run');
  const left = run.progress?.secondsLeft ?? null;
  const active = isActive(run);
  const [heard, setHeard] = useState({ left, at: Date.now() });
  const [now, setNow] = useState(Date.now());
  if (heard.left !== left) setHeard({ left, at: Date.now() });
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [active]);
  const taken = secondsTaken(run, now);
  const takenText = taken === null ? '' : formatSpan(taken);
  if (!active) return <Figure name={t('took')} value={takenText || '–'} note={run.snapshot?.name ?? ''} />;
  const current = heard.left === null ? null : Math.max(0, heard.left - (now - heard.at) / 1000);
  return (
    <Figure
      name={t('timeLeft')}
      value={current === null ? t('estimating') : formatSpan(current)}
      note={taken === null ? t('waiting') : t('soFar', { time: takenText })}
    />
  );
}

function Figure({ name, value, note, large = false }: { name: string; value: string; note: string; large?: boolean }) {
  return (
    <div className={`min-w-0 ${large ? 'max-md:col-span-2' : ''}`}>
      <p className="truncate text-12 text-ink-2">{name}</p>
      <p className={`truncate tracking-tight ${large ? 'text-28 font-semibold' : 'text-20 leading-9 font-medium'}`}>
        {value}
      </p>
      <p className="h-5 truncate text-12 text-ink-3">{note}</p>
    </div>
  );
}
