import { type AdamWOptions, adamW } from './adam-w.js';
import { type LionOptions, lion } from './lion.js';
import { OptimError, type Optimizer } from './optimizer.js';
import { type SgdOptions, sgd } from './sgd.js';

export { type AdamWOptions, adamW } from './adam-w.js';
export { type LionOptions, lion } from './lion.js';
export * from './optimizer.js';
export { type SgdOptions, sgd } from './sgd.js';

/** An optimizer by name, with its settings. */
export type OptimizerSettings =
  | ({ readonly name: 'adamw' } & AdamWOptions)
  | ({ readonly name: 'sgd' } & SgdOptions)
  | ({ readonly name: 'lion' } & LionOptions);

/** Names `optimizerOf` knows. */
export const optimizerNames: readonly OptimizerSettings['name'][] = ['adamw', 'sgd', 'lion'];

/**
 * The optimizer of a configuration.
 *
 * @throws OptimError `unknown_optimizer`, listing the known ones; `invalid_option`.
 */
export function optimizerOf(config: OptimizerSettings): Optimizer {
  switch (config.name) {
    case 'adamw':
      return adamW(config);
    case 'sgd':
      return sgd(config);
    case 'lion':
      return lion(config);
    default: {
      const { name } = config as { name: string };
      throw new OptimError(
        'unknown_optimizer',
        `There is no optimizer "${name}"; there are ${optimizerNames.join(', ')}.`,
        { name },
      );
    }
  }
}
