import type { ReactNode } from 'react';
import classes from './DataTable.module.css';

export interface Column {
  key: string;
  /** What stands over it. */
  label: ReactNode;
  /** Figures stand at the right, with digits of one width. */
  numeric?: boolean;
  /** Stays on one line. */
  short?: boolean;
}

export interface TableRow {
  key: string;
  /** One for each column; the first names the row. */
  cells: readonly ReactNode[];
}

interface DataTableProps {
  /** What the table is called; said aloud and not shown unless `shownCaption`. */
  caption: string;
  shownCaption?: boolean;
  columns: readonly Column[];
  rows: readonly TableRow[];
  /** The sums below: one cell for each column. */
  foot?: readonly ReactNode[] | undefined;
  /** Longer tables scroll within themselves, their head in view. */
  maxHeightPx?: number;
}

/** A table that scrolls within itself, in both directions and by keyboard, where there is no room for it. */
export function DataTable({ caption, shownCaption = false, columns, rows, foot, maxHeightPx }: DataTableProps) {
  return (
    <div className={classes.frame} role="region" aria-label={caption} tabIndex={0} style={{ maxHeight: maxHeightPx }}>
      <table className={classes.table} aria-label={shownCaption ? undefined : caption}>
        {shownCaption && <caption className={classes.caption}>{caption}</caption>}
        <thead>
          <tr>
            {columns.map(({ key, label, numeric }) => (
              <th key={key} scope="col" data-numeric={numeric}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells }) => (
            <tr key={key}>
              {columns.map((column, place) =>
                place === 0 ? (
                  <th key={column.key} scope="row" data-short={column.short}>
                    {cells[place]}
                  </th>
                ) : (
                  <td key={column.key} className={column.numeric ? 'tabular' : undefined} data-numeric={column.numeric} data-short={column.short}>
                    {cells[place]}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
        {foot !== undefined && (
          <tfoot>
            <tr>
              {columns.map(({ key, numeric }, place) =>
                place === 0 ? (
                  <th key={key} scope="row">
                    {foot[place]}
                  </th>
                ) : (
                  <td key={key} className={numeric ? 'tabular' : undefined} data-numeric={numeric}>
                    {foot[place]}
                  </td>
                ),
              )}
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}
