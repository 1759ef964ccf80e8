import { Button } from '@mantine/core';
import { memo } from 'react';
import { Link } from 'react-router';
import { chatPath } from '../models/address';
import { formatCount, formatDuration, formatGpu, formatPrice, plural } from '../models/format';
import { canChat, isExternal, typeLabel, type ModelView } from '../models/model';
import { StatusBadge } from '../models/StatusBadge';
import { warmUpLine } from '../models/warmUp';
import { ChatIcon } from '../shell/icons';
import classes from './ModelCard.module.css';

/** One model. The live feed keeps unchanged models identical, so only the cards that changed draw again. */
export const ModelCard = memo(function ModelCard({ model }: { model: ModelView }) {
  return (
    <li className={classes.card}>
      <h2 className={classes.name}>{model.name}</h2>
      <div className={classes.head}>
        <p className={classes.by}>
          {model.vendor} · {typeLabel(model.type)}
          {isExternal(model) && <span className={classes.external}>External</span>}
        </p>
        <StatusBadge status={model.status} />
      </div>
      <code className={classes.id}>{model.id}</code>
      <Price model={model} />
      <dl className={classes.facts}>
        <Fact label="GPU" value={formatGpu(model)} />
        <Fact label="Last start-up" value={startUp(model)} />
        <Fact label="In flight" value={formatCount(model.in_flight)} />
        <Fact label="Waiting" value={formatCount(model.waiting)} />
      </dl>
      <Situation model={model} />
      <div className={classes.foot}>
        <span className={classes.replicas}>{replicas(model)}</span>
        {canChat(model) ? (
          <Button
            component={Link}
            to={chatPath(model.id)}
            size="xs"
            variant="light"
            leftSection={<ChatIcon size={15} />}
            aria-label={`Chat with ${model.name}`}
          >
            Chat
          </Button>
        ) : (
          model.type === 'embedding' && <code className={classes.endpoint}>/v1/embeddings</code>
        )}
      </div>
    </li>
  );
});

/** Why the model is not simply serving: its warm-up, its failure, or replicas that failed beside good ones. */
function Situation({ model }: { model: ModelView }) {
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

function Price({ model }: { model: ModelView }) {
  if (model.price === null) return <p className={classes.noPrice}>No price is set</p>;
  const { prompt, cached, completion } = model.price;
  return (
    <div className={classes.price}>
      <dl className={classes.prices} aria-label="Price per million tokens">
        <Fact label="Prompt" value={formatPrice(prompt)} />
        {/* Vectors are made of prompts alone. */}
        {model.type !== 'embedding' && (
          <>
            <Fact label="Cached" value={formatPrice(cached)} />
            <Fact label="Completion" value={formatPrice(completion)} />
          </>
        )}
      </dl>
      <span className={classes.unit} aria-hidden="true">
        per 1M tokens
      </span>
    </div>
  );
}

function Fact({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd className="tabular">{value}</dd>
    </div>
  );
}

function startUp(model: ModelView): string {
  if (model.startup_duration_ms !== null) return formatDuration(model.startup_duration_ms);
  return isExternal(model) ? 'Not ours to start' : 'Not started yet';
}

function replicas(model: ModelView): string {
  const requests = plural(model.requests_total, 'request');
  return isExternal(model) ? requests : `${model.replicas.active} of ${plural(model.replicas.max, 'replica')} · ${requests}`;
}
