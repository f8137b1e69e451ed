import type { ReactNode } from 'react';
import { range } from './range.js';

/** One column: its head, what a row shows in it, and whether it is a number (then it stands right). */
export interface Column<Row> {
  readonly key: string;
  readonly head: string;
  readonly cell: (row: Row) => ReactNode;
  readonly number?: boolean;
  /** Left out on a narrow screen. */
  readonly wide?: boolean;
}

/** A table with hairlines and rows of one height; it scrolls sideways before it squeezes. */
export function Table<Row>({
  rows,
  columns,
  rowKey,
  label,
}: {
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string | number;
  label: string;
}) {
  const place = ({ number, wide }: Column<Row>) =>
    `${number ? 'text-right' : 'text-left'} ${wide ? 'max-md:hidden' : ''} px-3 first:pl-4 last:pr-4`;
  return (
    <div className="panel overflow-x-auto">
      <table className="w-full whitespace-nowrap" aria-label={label}>
        <thead>
          <tr className="border-b border-line text-12 text-ink-3">
            {columns.map((column) => (
              <th key={column.key} scope="col" className={`h-9 font-medium ${place(column)}`}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)} className="relative border-b border-line last:border-0 hover:bg-hover">
              {columns.map((column) => (
                <td key={column.key} className={`h-11 ${place(column)}`}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The table's room before its rows are there. */
export function TableSkeleton({ rows = 5 }: { rows?: number }) {
  return (
    <div className="panel" aria-busy="true">
      <div className="h-9 border-b border-line" />
      {range(rows).map((row) => (
        <div key={row} className="flex h-11 items-center border-b border-line px-4 last:border-0">
          <div className="skeleton h-4 w-full max-w-md" />
        </div>
      ))}
    </div>
  );
}

/** A link that makes its whole row a target. */
export const rowLink = 'font-medium after:absolute after:inset-0 focus-visible:outline-offset-0';
