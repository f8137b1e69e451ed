// The keeper's process: node keeper-main.js <home>. See keeper.ts.
import { keep } from './keeper.js';

const home = process.argv[2];
if (home === undefined) throw new Error('internal: keeper-main needs a home folder');
try {
  await keep(home, Number(process.env.FOVEA_KEEPER_LINGER_SECONDS ?? 10));
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
