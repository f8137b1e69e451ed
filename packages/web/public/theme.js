// Runs before the first paint, so that a chosen theme never flashes the other one. `src/frame/theme.ts` writes the key.
try {
  const chosen = localStorage.getItem('fovea.theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
  if (localStorage.getItem('fovea.rail') === 'folded') document.documentElement.dataset.rail = 'folded';
} catch {
  // Storage may be closed to us (a private window): the system's theme then holds.
}
