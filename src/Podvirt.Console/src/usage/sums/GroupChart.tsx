import { TimeChart } from '../../charts/TimeChart';
import { formatValue } from '../../charts/quantity';
import { plural } from '../../models/format';
import { usageBy, type Group } from '../filters/filters';
import { rowLabel, type Names } from '../filters/names';
import { stepOf } from '../time';
import type { UsageReport } from '../wire';
import { bySize, quantities, shareOf, valueOf, type Measure } from './measure';
import { timeRows } from './timeRows';
import classes from './SumsPage.module.css';

interface GroupChartProps {
  report: UsageReport;
  group: Group;
  measure: Measure;
  names: Names;
}

/** More bars than these are no picture; the table below has all. */
const barsMax = 12;

/** A picture of the same answer that the table below shows: over time, or the largest groups. */
export function GroupChart({ report, group, measure, names }: GroupChartProps) {
  const quantity = quantities[measure];
  if (group === 'day' || group === 'hour') {
    const { step, zone } = stepOf(group, report.from);
    const label = `${quantity.name} by ${group}`;
    return (
      <TimeChart
        view="chart"
        data={{ label, kind: 'bars', quantity, series: [{ key: 'all', label: quantity.name }], rows: timeRows(report, group, measure), step, zone }}
      />
    );
  }
  const rows = bySize(report.data, measure);
  const shown = rows.slice(0, barsMax);
  const largest = shown[0] === undefined ? 0 : shareOf(shown[0], report.total, measure);
  return (
    <div>
      <div className={classes.bars} role="img" aria-label={`${quantity.name}: ${usageBy(group)}`}>
        {shown.map((row) => {
          const share = shareOf(row, report.total, measure);
          return (
            <Bar key={row.group} name={rowLabel(group, row.group, names)} value={formatValue(quantity, valueOf(row, measure))} length={largest === 0 ? 0 : share / largest} />
          );
        })}
      </div>
      {rows.length > shown.length && <p className={classes.note}>The table has {plural(rows.length - shown.length, 'more row')}.</p>}
    </div>
  );
}

function Bar({ name, value, length }: { name: string; value: string; length: number }) {
  return (
    <>
      <span title={name}>{name}</span>
      <div className={classes.track}>{length > 0 && <div className={classes.fill} style={{ width: `${length * 100}%` }} />}</div>
      <span className="tabular">{value}</span>
    </>
  );
}
