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

export interface CardMetrics {
  readonly AP: number | null;
  readonly AP50: number | null;
  readonly AP75: number | null;
  readonly classes: readonly ClassMetrics[];
}

/** Reads a card's figures; cards come from several makers, so what is missing or of another shape is null. */
export function readMetrics(card: ModelCard): CardMetrics {
  // Fovea's own runs keep the whole evaluation beside the short list of figures.
  const metrics: Record<string, unknown> = { ...card.metrics, ...record(card.evaluation) };
  const curves = new Map(list(metrics.precisionRecall50).map((one, index) => [curveName(one, card, index), one]));
  return {
    AP: figure(metrics.AP),
    AP50: figure(metrics.AP50),
    AP75: figure(metrics.AP75),
    classes: list(metrics.perClass).map((one) => ({
      className: String(one.className),
      AP: figure(one.AP),
      AP50: figure(one.AP50),
      groundTruth: figure(one.groundTruth),
      precision: numbers(curves.get(String(one.className))?.precision ?? one.precision),
    })),
  };
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
