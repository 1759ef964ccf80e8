import { DataTable } from '../../charts/DataTable';
import { formatMoney } from '../../charts/money';
import { Moment } from '../Moment';
import type { RateVersion } from '../wire';
import { kindsShown, stateOf } from './rates';
import classes from './RatesPage.module.css';

/** All versions of a model's rate, newest first. */
export function RateHistory({ versions, now }: { versions: readonly RateVersion[]; now: number }) {
  const kinds = kindsShown(versions);
  return (
    <DataTable
      caption="Rate versions, newest first, in US dollars"
      columns={[
        { key: 'version', label: 'Version' },
        { key: 'state', label: 'State', short: true },
        { key: 'from', label: 'Begins', short: true },
        ...kinds.map(({ name, label }) => ({ key: name, label, numeric: true })),
        { key: 'by', label: 'Set by' },
      ]}
      rows={versions.map((version) => ({
        key: String(version.version),
        cells: [
          version.version,
          <span key="state" className={classes.state} data-state={stateOf(version, now)}>
            {stateOf(version, now)}
          </span>,
          <Moment key="from" at={version.from} />,
          ...kinds.map(({ name }) => formatMoney(version[name])),
          <div key="by" className={classes.by}>
            {version.set_by ?? 'podvirt.yaml'}
            <span className={classes.sub}>
              {wasAhead(version) && 'ahead, on '}
              <Moment at={version.set_at} />
            </span>
          </div>,
        ],
      }))}
    />
  );
}

function wasAhead({ from, set_at }: RateVersion): boolean {
  return Date.parse(set_at) < Date.parse(from);
}
