import { useMutation, useQuery } from '@tanstack/react-query';
import { ChevronRight, Images, Play, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount, formatMilliseconds } from '../../catalogue/format.js';
import { api } from '../../data/api.js';
import { recall, remember } from '../../frame/theme.js';
import { Button, IconButton, Keys } from '../../parts/button.js';
import { describeError } from '../../parts/failure.js';
import { ExportMenu } from '../filter/export-menu.js';

const first =
  'select class, count(*) as objects, count(distinct media_id) as pictures\nfrom annotations\ngroup by class\norder by objects desc';
const maxRows = 1000;

/** Questions in SQL over the project's tables, with what they gave; a drawer below the wall. */
export function SqlDrawer({
  project,
  sql,
  onShow,
  onClose,
}: {
  project: string;
  /** The SELECT the wall is filtered by, if it is. */
  sql: string | undefined;
  /** Shows just the pictures that a SELECT with a column `sha256` gives. */
  onShow: (sql: string) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation('sql');
  const key = `fovea.sql.${project}`;
  const [text, setText] = useState(sql ?? recall(key) ?? first);
  const field = useRef<HTMLTextAreaElement>(null);
  const asked = useMutation({
    mutationFn: (question: string) => api.queryLake(project, { sql: question, maxRows }),
  });
  const run = () => {
    remember(key, text);
    asked.mutate(text);
  };
  useEffect(() => field.current?.focus(), []);
  const result = asked.data;
  const columns = new Set(result?.columns.map(({ name }) => name));
  const of = asked.variables ?? text;
  const bare = of.trim().replace(/;\s*$/, '');
  const pictures = columns.has('sha256')
    ? bare
    : columns.has('media_id')
      ? `select m.sha256 from media m where m.id in (select media_id from (${bare}\n))`
      : undefined;
  return (
    <section
      aria-label={t('title')}
      className="slide-in flex h-[min(26rem,55vh)] shrink-0 border-t border-line bg-surface max-md:h-[70vh] max-md:flex-col"
    >
      <Tables project={project} onPick={(word) => insert(field.current, word, setText)} />
      <div className="flex min-h-0 min-w-0 flex-1 flex-col">
        <div className="flex h-11 shrink-0 items-center gap-2 border-b border-line px-3">
          <h2 className="font-medium max-md:hidden">{t('title')}</h2>
          <p className="min-w-0 flex-1 truncate text-12 text-ink-3" role="status">
            {asked.isPending && t('running')}
            {result &&
              t(result.truncated ? 'firstRows' : 'rows', {
                count: result.rows.length,
                text: formatCount(result.rows.length),
                time: formatMilliseconds(result.elapsedMs),
              })}
          </p>
          {pictures !== undefined && (
            <Button onClick={() => onShow(pictures)}>
              <Images aria-hidden />
              {t('showPictures')}
            </Button>
          )}
          {result && <ExportMenu project={project} wanted={() => ({ sql: of })} side="bottom" />}
          <Button tone="primary" onClick={run} disabled={asked.isPending || text.trim() === ''}>
            <Play aria-hidden />
            {t('run')}
          </Button>
          <IconButton label={t('close')} keys="Escape" onClick={onClose}>
            <X aria-hidden />
          </IconButton>
        </div>
        <textarea
          ref={field}
          value={text}
          spellCheck={false}
          autoCapitalize="off"
          aria-label={t('title')}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
              event.preventDefault();
              run();
            } else if (event.key === 'Escape') {
              event.preventDefault();
              onClose();
            }
          }}
          className="h-28 shrink-0 resize-y border-b border-line bg-sunken px-3 py-2 font-mono text-12 leading-5 focus-visible:outline-offset-[-2px]"
        />
        <div className="min-h-0 flex-1 overflow-auto">
          {asked.isError && (
            <pre role="alert" className="p-3 font-mono text-12 whitespace-pre-wrap text-bad">
              {describeError(asked.error).message}
            </pre>
          )}
          {!result && !asked.isError && !asked.isPending && (
            <p className="flex items-center gap-2 p-3 text-ink-3">
              {t('hint')} <Keys keys="mod+Enter" />
            </p>
          )}
          {result && (
            <table className="border-collapse text-12">
              <thead>
                <tr>
                  {result.columns.map(({ name, type }, index) => (
                    <th
                      // biome-ignore lint/suspicious/noArrayIndexKey: two columns may share a name.
                      key={index}
                      title={type}
                      className="sticky top-0 border-b border-line bg-surface px-3 py-1.5 text-left font-medium whitespace-nowrap text-ink-2"
                    >
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {result.rows.map((row, at) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: rows have no key of their own.
                  <tr key={at} className="hover:bg-hover">
                    {row.map((value, index) => (
                      <td
                        // biome-ignore lint/suspicious/noArrayIndexKey: as its column.
                        key={index}
                        className={`max-w-80 truncate border-b border-line px-3 py-1 whitespace-nowrap ${typeof value === 'number' ? 'text-right' : ''}`}
                        title={typeof value === 'string' && value.length > 40 ? value : undefined}
                      >
                        {value === null ? (
                          <span className="text-ink-3">null</span>
                        ) : typeof value === 'object' ? (
                          JSON.stringify(value)
                        ) : (
                          String(value)
                        )}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </div>
      </div>
    </section>
  );
}

const tablesSql = `select table_name, column_name, data_type from information_schema.columns
where table_schema = 'main' order by table_name, ordinal_position`;

/** The tables and their columns, as the database itself names them; a click puts a name into the question. */
function Tables({ project, onPick }: { project: string; onPick: (word: string) => void }) {
  const { t } = useTranslation('sql');
  const tables = useQuery({
    queryKey: ['tables', project],
    queryFn: async ({ signal }) => {
      const { rows } = await api.queryLake(project, { sql: tablesSql, maxRows: 5000 }, { signal });
      const byTable = new Map<string, { name: string; type: string }[]>();
      for (const [table, name, type] of rows as [string, string, string][])
        byTable.set(table, [...(byTable.get(table) ?? []), { name, type }]);
      return [...byTable];
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <div className="w-56 shrink-0 overflow-y-auto border-r border-line p-2 max-md:hidden">
      <h3 className="px-1 pb-1 text-12 font-medium text-ink-3">{t('tables')}</h3>
      {tables.isError && <p className="px-1 text-bad">{describeError(tables.error).message}</p>}
      {(tables.data ?? []).map(([table, columns]) => (
        <details key={table} className="group">
          <summary className="flex h-7 list-none items-center gap-1 rounded-sm px-1 font-mono text-12 hover:bg-hover">
            <ChevronRight className="size-3.5 text-ink-3 transition-transform group-open:rotate-90" aria-hidden />
            {table}
          </summary>
          {columns.map(({ name, type }) => (
            <button
              key={name}
              type="button"
              onClick={() => onPick(name)}
              className="flex h-6 w-full items-center gap-2 rounded-sm pr-1 pl-6 text-left font-mono text-12 hover:bg-hover"
            >
              <span className="min-w-0 flex-1 truncate">{name}</span>
              <span className="max-w-20 truncate text-ink-3">{type.toLowerCase()}</span>
            </button>
          ))}
        </details>
      ))}
    </div>
  );
}

function insert(field: HTMLTextAreaElement | null, word: string, setText: (text: string) => void): void {
  if (!field) return;
  const { selectionStart, selectionEnd, value } = field;
  setText(value.slice(0, selectionStart) + word + value.slice(selectionEnd));
  requestAnimationFrame(() => {
    field.focus();
    field.setSelectionRange(selectionStart + word.length, selectionStart + word.length);
  });
}
