import type { ModelCard } from '@fovea/api';
import { useTranslation } from 'react-i18next';
import { figureName } from '../../catalogue/figure-name.js';
import { formatCount, formatFigure } from '../../catalogue/format.js';
import { ClassDot } from '../../parts/class-dot.js';
import { type Column, Table } from '../../parts/table.js';
import type { ClassFigures, ClassMetrics } from './card-metrics.js';

/** How good the model is, class by class. */
export function ClassTable({ card, classes }: { card: ModelCard; classes: readonly ClassMetrics[] }) {
  const { t } = useTranslation('model');
  const columns: Column<ClassMetrics>[] = [
    {
      key: 'class',
      head: t('class'),
      cell: ({ className }) => (
        <span className="flex items-center gap-2">
          <ClassDot index={Math.max(0, card.classNames.indexOf(className))} />
          {className}
        </span>
      ),
    },
    {
      key: 'ap50',
      head: 'AP50',
      number: true,
      cell: ({ AP50 }) => <span className="font-medium">{formatFigure(AP50)}</span>,
    },
    { key: 'ap', head: 'AP', number: true, cell: ({ AP }) => formatFigure(AP) },
    {
      key: 'boxes',
      head: t('trueBoxes'),
      number: true,
      cell: ({ groundTruth }) => (groundTruth === null ? '–' : formatCount(groundTruth)),
    },
  ];
  return <Table label={t('byClass')} rows={classes} columns={columns} rowKey={({ className }) => className} />;
}

/** What of a class is shown, where it is there: figures first, then of how many. */
const figureColumns = ['IoU', 'accuracy', 'dice', 'precision', 'recall', 'f1'];
const countColumns = { support: 'examples', truthPixels: 'pixels' } as const;

/** How good a model that finds no boxes is, class by class: the figures that its card has. */
export function ClassFigureTable({ card, classes }: { card: ModelCard; classes: readonly ClassFigures[] }) {
  const { t } = useTranslation(['model', 'frame']);
  const has = (name: string) => classes.some(({ figures }) => figures[name] !== undefined);
  const columns: Column<ClassFigures>[] = [
    {
      key: 'class',
      head: t('class'),
      cell: ({ className }) => (
        <span className="flex items-center gap-2">
          <ClassDot index={Math.max(0, card.classNames.indexOf(className))} />
          {className}
        </span>
      ),
    },
    ...figureColumns.filter(has).map((name, index) => ({
      key: name,
      head: figureName(t, name),
      number: true,
      wide: index > 1,
      cell: ({ figures }: ClassFigures) => (
        <span className={index === 0 ? 'font-medium' : ''}>{formatFigure(figures[name])}</span>
      ),
    })),
    ...Object.entries(countColumns)
      .filter(([name]) => has(name))
      .map(([name, head]) => ({
        key: name,
        head: t(head),
        number: true,
        wide: true,
        cell: ({ figures }: ClassFigures) => (figures[name] == null ? '–' : formatCount(figures[name])),
      })),
  ];
  return <Table label={t('byClass')} rows={classes} columns={columns} rowKey={({ className }) => className} />;
}
