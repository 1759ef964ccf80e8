import { Link, useSearchParams } from 'react-router';
import { DataTable } from '../../charts/DataTable';
import { formatMoney } from '../../charts/money';
import { none } from '../../charts/quantity';
import { LinkedRows } from '../LinkedRows';
import { Moment } from '../Moment';
import type { RateVersion } from '../wire';
import { kindsShown, type ModelRates } from './rates';
import classes from './RatesPage.module.css';

/** One row for each model: what it costs now, since when, and what is set for later. */
export function RatesInForce({ rates }: { rates: readonly ModelRates[] }) {
  const [params] = useSearchParams();
  const kinds = kindsShown(rates.flatMap(({ inForce }) => inForce ?? []));
  return (
    <LinkedRows>
      <p className={classes.note}>US dollars for a million tokens, or for a second of video. A request is billed by the rate in force when it ends.</p>
      <DataTable
        caption="Rates in force, in US dollars"
        columns={[
          { key: 'model', label: 'Model' },
          ...kinds.map(({ name, label }) => ({ key: name, label, numeric: true })),
          { key: 'version', label: 'Version', numeric: true },
          { key: 'since', label: 'Since', short: true },
          { key: 'ahead', label: 'Set ahead', short: true },
        ]}
        rows={rates.map(({ model, inForce, ahead }) => ({
          key: model,
          cells: [
            <Link key="model" className={classes.name} to={{ search: withModel(params, model).toString() }}>
              {model}
            </Link>,
            ...kinds.map(({ name }) => (inForce === null ? 'free' : formatMoney(inForce[name]))),
            inForce?.version ?? none,
            inForce === null ? none : <Moment key="since" at={inForce.from} />,
            <Ahead key="ahead" rate={ahead[0]} />,
          ],
        }))}
      />
    </LinkedRows>
  );
}

function Ahead({ rate }: { rate: RateVersion | undefined }) {
  if (rate === undefined) return none;
  return (
    <>
      version {rate.version} from <Moment at={rate.from} />
    </>
  );
}

function withModel(params: URLSearchParams, model: string): URLSearchParams {
  const next = new URLSearchParams(params);
  next.set('model', model);
  return next;
}
