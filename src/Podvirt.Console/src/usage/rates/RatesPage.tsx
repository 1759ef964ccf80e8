import { Link, useSearchParams } from 'react-router';
import { Panel } from '../../charts/Panel';
import { useModels } from '../../live/ModelFeed';
import { useDocumentTitle } from '../../shell/useDocumentTitle';
import { useAsk } from '../ask';
import { scopeParams, useScope } from '../filters/scope';
import { Refresh } from '../Refresh';
import type { List, RateVersion } from '../wire';
import { RateForm } from './RateForm';
import { RateHistory } from './RateHistory';
import { byModel } from './rates';
import { RatesInForce } from './RatesInForce';
import { Reratings } from './Reratings';
import classes from './RatesPage.module.css';

/** What every model costs; of one model, what it cost and will cost. */
export function RatesPage() {
  useDocumentTitle('Rates');
  const [params] = useSearchParams();
  const { isAdmin } = useScope();
  const models = useModels().data;
  const rates = useAsk<List<RateVersion>>(['rates'], () => '/api/rates');
  const model = params.get('model');
  const all = rates.data === undefined ? [] : byModel(rates.data.data, models?.map(({ id }) => id) ?? [], rates.dataUpdatedAt);

  if (model === null || model === '') {
    return (
      <>
        <Panel
          title="Rates in force"
          note={<Refresh query={rates} />}
          query={rates}
          empty={
            rates.data !== undefined && all.length === 0
              ? { title: 'No model has a rate', text: 'Prices stand in podvirt.yaml.', action: { label: 'To the models', to: '/inference/serverless' } }
              : null
          }
        >
          <RatesInForce rates={all} />
        </Panel>
        {isAdmin && <Reratings model={null} />}
      </>
    );
  }

  const own = all.find((candidate) => candidate.model === model);
  const isInCatalog = models?.some(({ id }) => id === model) ?? false;
  return (
    <>
      <Link className={classes.back} to={{ search: scopeParams(params).toString() }}>
        ← All rates
      </Link>
      <Panel
        title={`Rates of ${model}`}
        note={<Refresh query={rates} />}
        query={rates}
        empty={
          rates.data !== undefined && (own?.versions.length ?? 0) === 0
            ? { title: 'No rate was ever set', text: 'What is used of this model costs nothing.', action: { label: 'To all rates', to: '/inference/usage/rates' } }
            : null
        }
      >
        {own !== undefined && <RateHistory versions={own.versions} now={rates.dataUpdatedAt} />}
      </Panel>
      {isAdmin && isInCatalog && rates.data !== undefined && <RateForm key={model} model={model} inForce={own?.inForce ?? null} />}
      {isAdmin && <Reratings model={model} />}
    </>
  );
}
