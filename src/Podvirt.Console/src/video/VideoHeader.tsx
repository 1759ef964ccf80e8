import { ActionIcon, Title } from '@mantine/core';
import { Link } from 'react-router';
import { formatPrice } from '../models/format';
import type { ModelView } from '../models/model';
import { readiness } from '../models/readiness';
import { StatusBadge } from '../models/StatusBadge';
import { BackIcon } from '../shell/icons';
import classes from './VideoHeader.module.css';

export function VideoHeader({ model }: { model: ModelView }) {
  const price = model.price?.video_second ?? null;
  return (
    <header className={classes.header}>
      <ActionIcon component={Link} to="/inference/serverless" variant="subtle" color="gray" size="lg" aria-label="Back to the models">
        <BackIcon />
      </ActionIcon>
      <div className={classes.title}>
        <Title order={1} size="h3" className={classes.name}>
          {model.name}
        </Title>
        <p className={classes.id}>
          <code>{model.id}</code> · {price === null ? 'No price is set' : `${formatPrice(price)} per second of video`}
        </p>
      </div>
      <div className={classes.state}>
        <StatusBadge status={model.status} />
        <p className={`${classes.note} tabular`} data-failed={model.status === 'Failed' || undefined}>
          {readiness(model, 'video', 'begins')}
        </p>
      </div>
    </header>
  );
}
