import type { MediaItem } from '@fovea/api';
import type { ReactNode } from 'react';
import { api } from '../data/api.js';
import { BoxedPicture } from './boxed-picture.js';
import { LabelOverlay } from './label-overlay.js';

/** A project's picture with what people said of it: its label map below its boxes. */
export function LabelledPicture({
  project,
  item,
  showLabels,
  opacity,
  lit,
  namesUpTo,
  maxHeight,
  children,
}: {
  project: string;
  item: MediaItem;
  showLabels: boolean;
  /** How strong its label map is drawn, 0 to 1. */
  opacity: number;
  /** The box pointed at, which is drawn whether labels are shown or not. */
  lit: number | null;
  /** How many boxes have their names beside them; where there are more, only the one pointed at has. */
  namesUpTo: number;
  /** A CSS length the picture's height stays below. */
  maxHeight: string;
  /** What else is drawn over it. */
  children?: ReactNode;
}) {
  const map = showLabels ? item.labelMap : null;
  return (
    <BoxedPicture
      src={api.contentUrl(project, item.sha256)}
      alt={item.name}
      width={item.width}
      height={item.height}
      under={map && <LabelOverlay src={api.labelMapUrl(project, item.sha256, map.sha256)} opacity={opacity} />}
      boxes={showLabels || lit !== null ? item.annotations : []}
      lit={lit}
      labels={lit === null ? item.annotations.length <= namesUpTo : 'lit'}
      maxHeight={maxHeight}
    >
      {children}
    </BoxedPicture>
  );
}
