import { plural } from '../models/format';
import type { ModelView } from '../models/model';
import { warmUpLine } from '../models/warmUp';
import classes from './ModelCard.module.css';

/** Why the model is not simply serving: its warm-up, its failure, or replicas that failed beside good ones. */
export function Situation({ model }: { model: ModelView }) {
  if (model.status === 'Failed') {
    return (
      <p className={classes.situation} data-tone="failed">
        {model.reason ?? 'The server gave no reason.'}
      </p>
    );
  }
  if (model.warm_up !== null) {
    return (
      <p className={`${classes.situation} tabular`} data-tone="warming">
        {warmUpLine(model.warm_up)}
      </p>
    );
  }
  if (model.failed_replicas > 0) {
    return (
      <p className={classes.situation} data-tone="failed">
        {plural(model.failed_replicas, 'replica')} failed{model.reason === null ? '' : `: ${model.reason}`}
      </p>
    );
  }
  return null;
}
