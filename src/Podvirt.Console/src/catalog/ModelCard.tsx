import { Button } from '@mantine/core';
import { lazy, memo, Suspense, useState } from 'react';
import { Link } from 'react-router';
import { chatPath, videoPath } from '../models/address';
import type { ModelSpeed } from '../models/figures';
import { formatCount, formatDuration, formatGpu, plural } from '../models/format';
import { canChat, canMakeVideo, isAlwaysOn, isExternal, typeLabel, type ModelView } from '../models/model';
import { StatusBadge } from '../models/StatusBadge';
import type { ModelUsage } from '../projects/usage';
import { ChatIcon, CodeIcon, VideoIcon } from '../shell/icons';
import { Fact } from '../shell/Fact';
import { MonthUsage } from './MonthUsage';
import { Price } from './Price';
import { Situation } from './Situation';
import { hasSnippets } from './snippets';
import classes from './ModelCard.module.css';

const SnippetDialog = lazy(() => import('./SnippetDialog'));

interface ModelCardProps {
  model: ModelView;
  /** Of the chosen project, this month; null: not known (yet). */
  usage: ModelUsage | null;
  /** Of the last 24 hours; null: nobody called. */
  speed: ModelSpeed | null;
}

/** One model. The live feed keeps unchanged models identical, so only the cards that changed draw again. */
export const ModelCard = memo(function ModelCard({ model, usage, speed }: ModelCardProps) {
  const [asked, setAsked] = useState(false);
  const [open, setOpen] = useState(false);
  return (
    <li className={classes.card}>
      <h2 className={classes.name}>{model.name}</h2>
      <div className={classes.head}>
        <p className={classes.by}>
          {model.vendor} · {typeLabel(model.type)}
          {isExternal(model) && <span className={classes.mark}>External</span>}
          {isAlwaysOn(model) && <span className={classes.mark}>Always on</span>}
        </p>
        <StatusBadge status={model.status} />
      </div>
      <code className={classes.id}>{model.id}</code>
      <Price model={model} />
      <MonthUsage model={model} usage={usage} />
      <dl className={classes.facts}>
        {model.type !== 'embedding' && !canMakeVideo(model) && <Speed speed={speed} />}
        <Fact label="GPU" value={formatGpu(model)} />
        <Fact label="Last start-up" value={startUp(model)} />
        <Fact label="In flight" value={formatCount(model.in_flight)} />
        <Fact label="Waiting" value={formatCount(model.waiting)} />
      </dl>
      <Situation model={model} />
      <div className={classes.foot}>
        <span className={classes.replicas}>
          {replicas(model).map((part) => (
            <span key={part}>{part}</span>
          ))}
        </span>
        <div className={classes.actions}>
          {hasSnippets(model) && (
            <Button
              size="xs"
              variant="default"
              leftSection={<CodeIcon size={15} />}
              aria-label={`API of ${model.name}`}
              aria-haspopup="dialog"
              onClick={() => {
                setAsked(true);
                setOpen(true);
              }}
            >
              API
            </Button>
          )}
          {canChat(model) && (
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
          )}
          {canMakeVideo(model) && (
            <Button
              component={Link}
              to={videoPath(model.id)}
              size="xs"
              variant="light"
              leftSection={<VideoIcon size={15} />}
              aria-label={`Video with ${model.name}`}
            >
              Video
            </Button>
          )}
        </div>
      </div>
      {asked && (
        <Suspense>
          <SnippetDialog model={model} opened={open} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </li>
  );
});

function Speed({ speed }: { speed: ModelSpeed | null }) {
  const none = speed === null ? 'No calls yet' : 'No streams yet';
  return (
    <>
      <Fact
        label="First token, p50 of 24 h"
        value={speed?.firstTokenUs == null ? none : formatDuration(speed.firstTokenUs / 1000)}
      />
      <Fact
        label="Tokens per second"
        value={speed?.tokensPerSecond == null ? none : formatCount(Math.round(speed.tokensPerSecond * 10) / 10)}
      />
    </>
  );
}

function startUp(model: ModelView): string {
  if (model.startup_duration_ms !== null) return formatDuration(model.startup_duration_ms);
  return isExternal(model) ? 'Not ours to start' : 'Not started yet';
}

function replicas(model: ModelView): string[] {
  const parts = isExternal(model) ? [] : [`${model.replicas.active} of ${plural(model.replicas.max, 'replica')}`];
  return model.requests_total === null ? parts : [...parts, plural(model.requests_total, 'request')];
}
