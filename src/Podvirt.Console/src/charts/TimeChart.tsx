import { Skeleton } from '@mantine/core';
import { lazy, Suspense } from 'react';
import type { ChartData } from './chart';
import { Swatch } from './Swatch';
import { formatMoment, readerZone } from './time';
import { TimeTable } from './TimeTable';
import classes from './TimeChart.module.css';

// The drawing library weighs more than the rest of a page; a page without a chart never loads it.
const Plot = lazy(() => import('./Plot'));

export type ChartView = 'chart' | 'table';

/** Figures over time, as a picture or as a table of the same data. */
export function TimeChart({ data, view }: { data: ChartData; view: ChartView }) {
  if (view === 'table') return <TimeTable data={data} />;
  return (
    <div className={classes.chart}>
      {data.series.length > 1 && <Legend data={data} />}
      <Suspense fallback={<Skeleton height={216} role="status" aria-label="Loading the chart" />}>
        <Plot data={data} />
      </Suspense>
      {data.marks !== undefined && data.marks.length > 0 && data.marksListed !== false && <Marks data={data} />}
    </div>
  );
}

function Legend({ data }: { data: ChartData }) {
  return (
    <ul className={classes.legend} aria-label="Series">
      {data.series.map(({ key, label, look }, place) => (
        <li key={key}>
          <Swatch look={look ?? place} kind={data.kind} />
          {label}
        </li>
      ))}
    </ul>
  );
}

/** In words what the upright lines are; where many stand close together, the picture has no room to say it. */
function Marks({ data }: { data: ChartData }) {
  const zone = data.zone ?? readerZone();
  return (
    <ul className={classes.marks} aria-label="Marks">
      {data.marks?.map(({ at, short, label, when }) => (
        <li key={`${at} ${label}`}>
          <b>{short}</b> {label} · <span className="tabular">{when ?? formatMoment(at, zone)}</span>
        </li>
      ))}
    </ul>
  );
}
