import { DataTable } from '../../charts/DataTable';
import { Panel } from '../../charts/Panel';
import { formatCount } from '../../models/format';
import { useAsk } from '../ask';
import { Moment } from '../Moment';
import { Money } from '../Money';
import type { List, Rerating } from '../wire';
import classes from './RatesPage.module.css';

/** Times when what had been used was billed anew by another version: who, why, and what it changed. */
export function Reratings({ model }: { model: string | null }) {
  const reratings = useAsk<List<Rerating>>(['reratings'], () => '/api/reratings');
  const rows = reratings.data?.data.filter((one) => model === null || one.model === model) ?? [];
  return (
    <Panel title="Re-ratings" query={reratings} loadingHeightPx={60}>
      {rows.length === 0 ? (
        <p className={classes.note}>None: every request costs what it cost when it ended.</p>
      ) : (
        <DataTable
          caption="Re-ratings, newest first"
          columns={[
            { key: 'at', label: 'Made', short: true },
            { key: 'model', label: 'Model' },
            { key: 'records', label: 'Requests', numeric: true },
            { key: 'time', label: 'That ended from, until', short: true },
            { key: 'version', label: 'Now by version', numeric: true },
            { key: 'difference', label: 'Difference', numeric: true },
            { key: 'why', label: 'Why, and by whom' },
          ]}
          rows={rows.map((one) => ({
            key: String(one.id),
            cells: [
              <Moment key="at" at={one.at} />,
              <span key="model" className={classes.name}>
                {one.model}
              </span>,
              formatCount(one.records),
              <div key="time">
                <Moment at={one.from} />
                <br />
                <Moment at={one.to} />
              </div>,
              one.rate_version === 0 ? 'free' : one.rate_version,
              <Money key="difference" amount={one.difference} />,
              <div key="why">
                {one.reason}
                <span className={classes.sub}>{one.by}</span>
              </div>,
            ],
          }))}
        />
      )}
    </Panel>
  );
}
