import { classColor } from '@fovea/annotations';
import { formatPercent } from '../catalogue/format.js';
import { BoxOverlay } from './box-overlay.js';
import type { DrawnShape } from './shape-path.js';

/** An object with its class, and its confidence where a model found it. */
export interface NamedBox extends DrawnShape {
  readonly className: string;
  readonly classIndex: number;
  readonly box: readonly [number, number, number, number];
  readonly confidence?: number;
}

/** A picture with its boxes and, where there is room, their names. Its size is known before its bytes are there. */
export function BoxedPicture({
  src,
  alt,
  width,
  height,
  boxes,
  lit,
  labels = false,
  line = 2,
  maxHeight,
  under,
  className = '',
  children,
}: {
  src: string;
  alt: string;
  width: number;
  height: number;
  boxes: readonly NamedBox[];
  lit?: number | null;
  /** Names beside the boxes, the surest on top: all of them, or only that of the box pointed at. */
  labels?: boolean | 'lit';
  line?: number;
  /** A CSS length the picture's height stays below, its shape kept. */
  maxHeight?: string;
  /** Between the picture and its boxes. */
  under?: React.ReactNode;
  className?: string;
  children?: React.ReactNode;
}) {
  const named =
    labels === true
      ? boxes.toSorted((a, b) => (a.confidence ?? 1) - (b.confidence ?? 1))
      : labels === 'lit' && lit != null && boxes[lit]
        ? [boxes[lit]]
        : [];
  return (
    <div
      className={`relative w-full overflow-hidden bg-sunken ${className}`}
      style={{
        aspectRatio: `${width} / ${height}`,
        maxWidth: maxHeight && `calc(${maxHeight} * ${(width / height).toFixed(4)})`,
      }}
    >
      <img src={src} alt={alt} width={width} height={height} className="absolute inset-0 size-full" decoding="async" />
      {under}
      <BoxOverlay width={width} height={height} boxes={boxes} lit={lit} line={line} />
      {named.map((one, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two may be equal, and their order stays.
        <Label key={`${one.className}-${one.box.join()}-${index}`} one={one} width={width} height={height} />
      ))}
      {children}
    </div>
  );
}

function Label({ one, width, height }: { one: NamedBox; width: number; height: number }) {
  const [x0, y0, x1, y1] = one.box;
  // Above the box where there is room; below it at the picture's top edge.
  // Near the right edge its end stands at the box's, so that it is not cut off.
  const below = y0 < height * 0.06;
  return (
    <span
      className="pointer-events-none absolute max-w-40 truncate rounded-[3px] px-1 text-12 font-medium"
      style={{
        ...(x0 > width * 0.82
          ? { right: `${Math.max(0, (1 - x1 / width) * 100)}%` }
          : { left: `${Math.max(0, (x0 / width) * 100)}%` }),
        top: `${((below ? y1 : y0) / height) * 100}%`,
        transform: below ? 'translateY(2px)' : 'translateY(calc(-100% - 2px))',
        background: classColor(one.classIndex),
        color: darkText(classColor(one.classIndex)) ? '#000' : '#fff',
      }}
    >
      {one.className}
      {one.confidence !== undefined && ` ${formatPercent(one.confidence)}`}
    </span>
  );
}

/** Whether black reads better than white on a colour: WCAG relative luminance above the point of equal contrast. */
export function darkText(hex: string): boolean {
  const linear = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]! > 0.179;
}
