// `node scripts/boundaries.mjs`: only the package boundaries, as `npm run check` checks them.
import { checkBoundaries } from './steps/boundaries.mjs';

const faults = checkBoundaries();
for (const fault of faults) console.error(fault);
console.log(faults.length === 0 ? 'Package boundaries hold.' : `${faults.length} package boundaries broken.`);
process.exitCode = faults.length === 0 ? 0 : 1;
