import { memo } from 'react';

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
