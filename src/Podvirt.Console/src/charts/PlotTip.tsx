import { marksIn, type ChartData, type Row } from './chart';
import { Swatch } from './Swatch';
import { formatValue } from './quantity';
import { formatStep } from './time';
import classes from './Plot.module.css';

/** What stands at the pointer: the step, its figures, and the marks in it. */
export function PlotTip({ data, row, zone }: { data: ChartData; row: Row; zone: string }) {
  return (
    <div className={classes.tip}>
      <p className={classes.time}>{formatStep(row.at, data.step, zone)}</p>
      {data.series.map(({ key, label, look }, place) => (
        <p key={key} className={`${classes.figure} tabular`}>
          <Swatch look={look ?? place} kind={data.kind} />
          <span>{label}</span>
          <b>{formatValue(data.quantity, row.values[key])}</b>
        </p>
      ))}
      {marksIn(row, data.step, data.marks ?? []).map((mark) => (
        <p key={mark.label}>{mark.label}</p>
      ))}
    </div>
  );
}
