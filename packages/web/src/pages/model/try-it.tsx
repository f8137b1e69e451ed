import { TryBoxes } from './try-boxes.js';
import { TryClasses } from './try-classes.js';
import type { Tried } from './try-frame.js';
import { TryLikeness } from './try-likeness.js';
import { TryPixels } from './try-pixels.js';

/** A place to drop a picture and see at once what the model sees in it; nothing for a task this app does not know. */
export function TryIt(tried: Tried) {
  switch (tried.version.card.task) {
    case 'detection':
      return <TryBoxes {...tried} />;
    case 'classification':
      return <TryClasses {...tried} />;
    case 'segmentation':
      return <TryPixels {...tried} />;
    case 'embedding':
      return <TryLikeness {...tried} />;
    default:
      return null;
  }
}
