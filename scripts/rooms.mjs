// DESIGN.md's table of rooms as data, in its order. `imports` is the table's last column.
//
// Beyond its row a room may import the roots its row stands on: annotations, onnx, autodiff and store, where the row's
// transitive closure has them. A room that takes a `Home` to hand it to lake needs store's type, one that takes boxes
// needs annotations' words; the table names what a room builds on, not every word it speaks.
//
// "all below" is every room of a lower layer, and api. The command line moreover starts the server (`fovea serve`): the
// two apps are one process there, and server stands before cli in the table.

/** Roots that come along with whoever stands on them. */
export const roots = ['annotations', 'onnx', 'autodiff', 'store'];

/** Rooms that came after DESIGN.md's table (docs/adr/0008-rooms-formats-and-curation.md): it says nothing of who may import them. */
export const later = ['formats', 'curation'];

/** The rooms by layer, lowest first. */
export const layers = [
  ['annotations', 'onnx'],
  ['autodiff', 'runtime', 'image', 'video', 'store'],
  ['nn', 'optim', 'metrics', 'formats', 'api'],
  ['models', 'lake', 'registry', 'analytics', 'jobs'],
  ['train', 'serving', 'curation', 'streams'],
  ['server', 'web', 'cli'],
];

const below = (layer) => layers.slice(0, layer).flat();

/** What each room's row says it may import. */
export const table = {
  annotations: [],
  onnx: [],
  autodiff: ['onnx'],
  runtime: ['onnx'],
  image: ['annotations'],
  video: ['image'],
  store: [],
  nn: ['autodiff', 'onnx'],
  optim: ['autodiff', 'onnx'],
  metrics: ['annotations'],
  formats: ['annotations', 'image'],
  api: ['annotations'],
  models: ['nn', 'runtime', 'image', 'annotations'],
  lake: ['annotations', 'formats', 'image', 'video', 'store'],
  registry: ['onnx', 'store'],
  analytics: ['annotations'],
  jobs: ['store'],
  train: ['models', 'nn', 'optim', 'runtime', 'metrics', 'image', 'formats', 'lake', 'registry', 'jobs'],
  serving: ['models', 'runtime', 'registry', 'image'],
  curation: ['models', 'runtime', 'image', 'lake', 'registry'],
  streams: ['video', 'models', 'runtime', 'analytics', 'lake'],
  server: below(5),
  web: ['api', 'annotations', 'metrics'],
  cli: [...below(5), 'server'],
};

/** What a room may import beyond its row, each by a decision of its own. */
export const beyond = {
  // Vectors are searched by matrix products: docs/adr/0010-exact-vector-search.md.
  lake: ['runtime'],
};

/** All a room may import: its row, what was allowed beyond it, and the roots among what these lead to. */
export function allowed(room) {
  const row = (name) => [...table[name], ...(beyond[name] ?? [])];
  const reached = new Set();
  const visit = (name) => {
    if (reached.has(name)) return;
    reached.add(name);
    for (const next of row(name)) visit(next);
  };
  for (const name of row(room)) visit(name);
  return new Set([...row(room), ...roots.filter((name) => reached.has(name))]);
}
