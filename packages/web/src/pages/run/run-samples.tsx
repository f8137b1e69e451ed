import type { Run } from '@fovea/api';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ChevronLeft, ChevronRight, Pause, Play } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatPercent } from '../../catalogue/format.js';
import { isActive, projectQuery, sampleSetQuery, samplesQuery } from '../../data/queries.js';
import { useKeys } from '../../frame/keys.js';
import { Button, IconButton } from '../../parts/button.js';
import { LabelStrength, usualOpacity } from '../../parts/label-overlay.js';
import { Slider } from '../../parts/slider.js';
import { SamplePair } from './sample-pair.js';

const shownAtFirst = 4;
const frameMs = 450;

/** What the model saw on held-out pictures, epoch by epoch, beside the truth. */
export function RunSamples({
  run,
  epoch,
  onEpoch,
}: {
  run: Run;
  /** The epoch looked at; undefined follows the latest. */
  epoch: number | undefined;
  onEpoch: (epoch: number | undefined) => void;
}) {
  const { t } = useTranslation(['run', 'data']);
  const project = useQuery(projectQuery(run.project));
  const list = useQuery(samplesQuery(run.id));
  const epochs = list.data?.epochs ?? [];
  const latest = epochs.at(-1);
  const at =
    epoch === undefined
      ? epochs.length - 1
      : Math.max(
          0,
          epochs.findLastIndex((one) => one <= epoch),
        );
  const current = epochs[at];
  const set = useQuery({
    ...sampleSetQuery(run.id, current ?? 0),
    enabled: current !== undefined,
    placeholderData: keepPreviousData,
  });
  const [confidence, setConfidence] = useState(0.3);
  const [opacity, setOpacity] = useState(usualOpacity);
  const [all, setAll] = useState(false);
  const [playing, setPlaying] = useState(false);
  const go = (index: number) => {
    const next = epochs[Math.min(epochs.length - 1, Math.max(0, index))];
    onEpoch(next === latest ? undefined : next);
  };

  useEffect(() => {
    if (!playing) return;
    if (at >= epochs.length - 1) {
      setPlaying(false);
      return;
    }
    const timer = setTimeout(() => go(at + 1), frameMs);
    return () => clearTimeout(timer);
  });
  useKeys(t('sampleKeys'), [
    { keys: ',', label: t('epochBefore'), run: () => go(at - 1) },
    { keys: '.', label: t('epochAfter'), run: () => go(at + 1) },
  ]);
  const play = () => {
    if (!playing && at >= epochs.length - 1) go(0);
    setPlaying(!playing);
  };

  const pictures = set.data?.pictures ?? [];
  const shown = all ? pictures : pictures.slice(0, shownAtFirst);
  const classes = project.data?.classes.map(({ name }) => name) ?? [];
  return (
    <section className="panel min-w-0 p-4" aria-label={t('samples')}>
      <div className="flex min-h-8 items-center gap-x-3 max-md:flex-wrap">
        <h3 className="font-medium">{t('samples')}</h3>
        <span className="min-w-0 flex-1 truncate text-12 text-ink-3">{t('samplesNote')}</span>
        {run.task === 'segmentation' && (
          <LabelStrength className="w-64 max-md:h-8 max-md:w-full" opacity={opacity} onOpacity={setOpacity} />
        )}
        {run.task === 'detection' && (
          <Slider
            className="w-52 max-md:h-8 max-md:w-full"
            label={t('confidence')}
            value={confidence}
            min={0.05}
            max={0.95}
            step={0.05}
            text={formatPercent(confidence)}
            onChange={setConfidence}
          />
        )}
      </div>
      <div className="mb-3 flex h-8 items-center gap-1">
        <IconButton label={t(playing ? 'pause' : 'play')} onClick={play} disabled={epochs.length < 2}>
          {playing ? <Pause aria-hidden /> : <Play aria-hidden />}
        </IconButton>
        <IconButton label={t('epochBefore')} keys="," onClick={() => go(at - 1)} disabled={at <= 0}>
          <ChevronLeft aria-hidden />
        </IconButton>
        <IconButton label={t('epochAfter')} keys="." onClick={() => go(at + 1)} disabled={at >= epochs.length - 1}>
          <ChevronRight aria-hidden />
        </IconButton>
        <Slider
          className="ml-2 min-w-0 flex-1"
          label={t('epoch')}
          value={Math.max(0, at)}
          min={0}
          max={Math.max(1, epochs.length - 1)}
          step={1}
          text={current === undefined ? '–' : String(current)}
          onChange={(index) => {
            setPlaying(false);
            go(index);
          }}
        />
      </div>
      <div className="grid grid-cols-2 gap-1 border-b border-line pb-1 text-12 text-ink-2">
        <span>{t('truth')}</span>
        <span>{t('predicted')}</span>
      </div>
      {current === undefined ? (
        <div className="mt-2 space-y-3">
          <p className="flex h-6 items-center text-12 text-ink-2">
            {isActive(run) ? t('samplesSoon') : t('noSamples')}
          </p>
          {isActive(run) &&
            ['a', 'b', 'c'].map((key) => (
              <div key={key} className="grid grid-cols-2 gap-1">
                <div className="skeleton aspect-3/2" />
                <div className="skeleton aspect-3/2" />
              </div>
            ))}
        </div>
      ) : (
        <ul>
          {shown.map((picture) => (
            <SamplePair
              key={picture.sha256}
              run={run}
              picture={picture}
              classes={classes}
              confidence={confidence}
              opacity={opacity}
            />
          ))}
        </ul>
      )}
      {pictures.length > shownAtFirst && (
        <Button tone="quiet" className="mt-2" onClick={() => setAll(!all)}>
          {all ? t('fewer') : t('allSamples', { count: pictures.length })}
        </Button>
      )}
    </section>
  );
}
