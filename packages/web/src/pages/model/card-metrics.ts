import type { ModelCard } from '@fovea/api';

/** One class's figures; null where there was nothing to measure by. */
export interface ClassMetrics {
  readonly className: string;
  readonly AP: number | null;
  readonly AP50: number | null;
  /** True boxes among the held-out pictures. */
  readonly groundTruth: number | null;
  /** Precision at the 101 recalls 0, 0.01, … 1, at an IoU of 0.5. */
  readonly precision: readonly (number | null)[] | null;
}

/** One class's figures of a task other than detection, by name. */
export interface ClassFigures {
  readonly className: string;
  readonly figures: Readonly<Record<string, number | null>>;
}

/** A card's figures. */
export interface CardMetrics {
  /** By name; what the card does not have is missing. */
  readonly figures: Readonly<Record<string, number | null>>;
  /** Of a detector. */
  readonly classes: readonly ClassMetrics[];
  /** Of any other model. */
  readonly classFigures: readonly ClassFigures[];
}

/** Reads a card's figures; cards come from several makers, so what is missing or of another shape is null. */
export function readMetrics(card: ModelCard): CardMetrics {
  // Fovea's own runs keep the whole evaluation beside the short list of figures.
  const metrics: Record<string, unknown> = { ...record(card.evaluation), ...card.metrics };
  const curves = new Map(list(metrics.precisionRecall50).map((one, index) => [curveName(one, card, index), one]));
  const perClass = list(metrics.perClass);
  const isDetector = card.task === 'detection';
  return {
    figures: figuresIn(metrics),
    classes: !isDetector
      ? []
      : perClass.map((one) => ({
          className: String(one.className),
          AP: figure(one.AP),
          AP50: figure(one.AP50),
          groundTruth: figure(one.groundTruth),
          precision: numbers(curves.get(String(one.className))?.precision ?? one.precision),
        })),
    classFigures: isDetector
      ? []
      : perClass.map((one) => ({ className: String(one.className), figures: figuresIn(one) })),
  };
}

/** Those values that are numbers, or null where one could not be had. */
function figuresIn(values: Record<string, unknown>): Record<string, number | null> {
  const entries = Object.entries(values).filter(([, value]) => typeof value === 'number' || value === null);
  return Object.fromEntries(entries.map(([name, value]) => [name, figure(value)]));
}

function curveName(one: Record<string, unknown>, card: ModelCard, index: number): string {
  return typeof one.className === 'string' ? one.className : (card.classNames[index] ?? '');
}

function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'object' && one !== null) : [];
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function figure(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function numbers(value: unknown): (number | null)[] | null {
  return Array.isArray(value) && value.length > 1 ? value.map(figure) : null;
}
