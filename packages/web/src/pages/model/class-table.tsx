import type { ModelCard } from '@fovea/api';
import { useTranslation } from 'react-i18next';
import { formatCount, formatFigure } from '../../catalogue/format.js';
import { ClassDot } from '../../parts/class-dot.js';
import { type Column, Table } from '../../parts/table.js';
import type { ClassMetrics } from './card-metrics.js';

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
