/** Groups of names that data sets give to one thing, or to what is nearest to it. */
const synonyms: readonly (readonly string[])[] = [
  ['person', 'pedestrian', 'people', 'human'],
  ['rider', 'bicyclist', 'cyclist'],
  ['bicycle', 'bike', 'cycle'],
  ['motorcycle', 'motorbike'],
  ['car', 'automobile'],
  ['truck', 'lorry'],
  ['airplane', 'aeroplane', 'plane'],
  ['road', 'street', 'roadway'],
  ['sidewalk', 'pavement', 'footpath'],
  ['vegetation', 'tree', 'plant'],
  ['traffic sign', 'sign', 'sign symbol', 'road sign'],
  ['pole', 'column pole', 'column'],
  ['couch', 'sofa'],
  ['tv', 'tvmonitor', 'tv monitor', 'television'],
  ['dining table', 'table'],
  ['cell phone', 'mobile phone', 'phone'],
  ['donut', 'doughnut'],
];

/** Lower case, without what separates words, and in the singular, so that `Traffic_Signs` is `traffic sign`. */
function plainName(name: string): string {
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  return words.map((word) => (/[^s]s$/.test(word) && !/(us|is)$/.test(word) ? word.slice(0, -1) : word)).join(' ');
}

/**
 * For each wanted class the index of the known class that is the same thing by its name, or by a name in common use for
 * it; `null` where there is none.
 */
export function matchClasses(wanted: readonly string[], known: readonly string[]): (number | null)[] {
  const plain = known.map(plainName);
  return wanted.map((name) => {
    const own = plainName(name);
    const exact = plain.indexOf(own);
    if (exact >= 0) return exact;
    const group = synonyms.find((names) => names.some((other) => plainName(other) === own)) ?? [];
    const others = new Set(group.map(plainName));
    const alike = plain.findIndex((other) => others.has(other));
    return alike >= 0 ? alike : null;
  });
}
