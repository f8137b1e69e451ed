import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import curation from './en/curation.json';
import data from './en/data.json';
import filter from './en/filter.json';
import find from './en/find.json';
import frame from './en/frame.json';
import ingest from './en/ingest.json';
import model from './en/model.json';
import picture from './en/picture.json';
import project from './en/project.json';
import run from './en/run.json';
import similar from './en/similar.json';
import snapshot from './en/snapshot.json';
import sql from './en/sql.json';
import statistics from './en/statistics.json';

/** English comes first; another language is a folder beside `en` with the same files and keys. */
const en = {
  frame,
  project,
  data,
  filter,
  sql,
  statistics,
  picture,
  run,
  model,
  curation,
  find,
  similar,
  snapshot,
  ingest,
} as const;

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'frame';
    resources: typeof en;
  }
}

/** Starts the catalogue before the first render; the strings are in the bundle, so nothing is waited for. */
export function startCatalogue(): void {
  void i18next.use(initReactI18next).init({
    lng: 'en',
    fallbackLng: 'en',
    resources: { en },
    ns: Object.keys(en),
    defaultNS: 'frame',
    interpolation: { escapeValue: false },
    initAsync: false,
  });
}
