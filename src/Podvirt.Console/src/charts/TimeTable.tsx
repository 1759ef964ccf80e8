import { marksIn, type ChartData } from './chart';
import { DataTable } from './DataTable';
import { formatValue, none } from './quantity';
import { formatStep, readerZone } from './time';

const heightPx = 300;

/** The figures of a chart, newest last as in the picture. */
export function TimeTable({ data }: { data: ChartData }) {
  const { label, quantity, series, rows, step, marks = [], zone = readerZone() } = data;
  const columns = [
    { key: 'at', label: 'Time', short: true },
    ...series.map(({ key, label: name }) => ({ key: `series ${key}`, label: name, numeric: true })),
    ...(marks.length > 0 ? [{ key: 'marks', label: 'Marks' }] : []),
  ];
  return (
    <DataTable
      caption={label}
      columns={columns}
      maxHeightPx={heightPx}
      rows={rows.map((row) => ({
        key: String(row.at),
        cells: [
          formatStep(row.at, step, zone),
          ...series.map(({ key }) => formatValue(quantity, row.values[key])),
          marksIn(row, step, marks).map((mark) => mark.label).join('; ') || none,
        ],
      }))}
    />
  );
}
