/** A custom property as a colour a canvas takes: `light-dark()` is settled by the page's own rules. */
export function resolveColor(element: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = cssColor(name);
  element.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return toRgb(color);
}

/** A colour, or a custom property by its name, as CSS takes it. */
export function cssColor(name: string): string {
  return name.startsWith('--') ? `var(${name})` : name;
}

/** What a plot says beside its data: its ink, lines, ground and accent, as the page has them now. */
export interface PlotColors {
  readonly ink: string;
  readonly faint: string;
  readonly line: string;
  readonly ground: string;
  readonly raised: string;
  readonly land: string;
  readonly accent: string;
  /** From none to most, for heat. */
  readonly heat: readonly string[];
}

/** The colours a plot in `element` is drawn in. */
export function plotColors(element: HTMLElement): PlotColors {
  const of = (name: string) => resolveColor(element, name);
  return {
    ink: of('--ink'),
    faint: of('--ink-3'),
    line: of('--line'),
    ground: of('--surface'),
    raised: of('--raised'),
    land: of('--line-strong'),
    accent: of('--plot-1'),
    heat: [of('--sunken'), of('--accent-soft'), of('--plot-1')],
  };
}

let canvas: CanvasRenderingContext2D | undefined;

/** Browsers give `oklch()` back as it is; plots reckon with red, green and blue. */
function toRgb(color: string): string {
  canvas ??= document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
  return `rgba(${red}, ${green}, ${blue}, ${(alpha! / 255).toFixed(3)})`;
}
