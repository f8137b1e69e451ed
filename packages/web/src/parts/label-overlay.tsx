import { classColor, colourLabelMap } from '@fovea/annotations';
import { memo, useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatPercent } from '../catalogue/format.js';
import { Slider } from './slider.js';

/** How strong label maps are drawn unless somebody moves the slider. */
export const usualOpacity = 0.55;

/**
 * A label map over a picture: every pixel in the colour of its class, unlabelled ones clear. The map's PNG is
 * coloured by its palette, so that it costs the page no more than another small picture.
 */
export const LabelOverlay = memo(function LabelOverlay({
  src,
  opacity,
  className = '',
}: {
  src: string;
  /** 0 to 1 */
  opacity: number;
  className?: string;
}) {
  return (
    <img
      src={src}
      alt=""
      draggable={false}
      decoding="async"
      className={`pointer-events-none absolute inset-0 size-full object-cover [image-rendering:pixelated] ${className}`}
      style={{ opacity }}
    />
  );
});

/** How strong label maps are drawn, from not at all to nothing but them. */
export function LabelStrength({
  opacity,
  onOpacity,
  className,
}: {
  opacity: number;
  onOpacity: (opacity: number) => void;
  className?: string;
}) {
  const { t } = useTranslation('data');
  return (
    <Slider
      className={className}
      label={t('opacity')}
      value={opacity}
      min={0}
      max={1}
      step={0.05}
      text={formatPercent(opacity)}
      onChange={onOpacity}
    />
  );
}

/** How much is left of the other classes while one is pointed at. */
const faded = 0.1;

/** Object URL of a label map (PNG in base64) in the colours of its classes; the class that is lit stands out. */
export function useColoured(labelMap: string | undefined, lit: number | null = null): string | null {
  const [url, setUrl] = useState<string | null>(null);
  const png = useMemo(
    () => (labelMap === undefined ? null : Uint8Array.from(atob(labelMap), (character) => character.charCodeAt(0))),
    [labelMap],
  );
  useEffect(() => {
    if (png === null) return setUrl(null);
    const coloured = colourLabelMap(png, (index) => {
      return { color: classColor(index), opacity: lit === null || lit === index ? 1 : faded };
    });
    const made = URL.createObjectURL(new Blob([coloured], { type: 'image/png' }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [png, lit]);
  return url;
}
