import { Button, NativeSelect } from '@mantine/core';
import { useSearchParams } from 'react-router';
import { Panel, type EmptyNotice } from '../charts/Panel';
import { formatMoment, readerZone } from '../charts/time';
import { useModels } from '../live/ModelFeed';
import { formatCount, formatDuration } from '../models/format';
import { useChangeParams } from '../shell/useChangeParams';
import { withParams } from './scope';
import { changeWords, evictionWords, useTransitions, type Transition } from './transitions';
import classes from './TransitionsPanel.module.css';

const all = '*';

/** What happened to replicas and why, newest first. The address holds the model and the page. */
export function TransitionsPanel() {
  const [params] = useSearchParams();
  const changeParams = useChangeParams();
  const model = params.get('transitions') || null;
  const before = params.get('before');
  const page = useTransitions(model, before);
  const go = (changes: Record<string, string | null>) => changeParams((current) => withParams(current, changes), { preventScrollReset: true });
  const list = page.data?.data ?? [];
  return (
    <Panel
      title="Transitions"
      note="newest first"
      action={<ModelChoice model={model} onChange={(chosen) => go({ transitions: chosen, before: null })} />}
      query={page}
      empty={list.length > 0 ? null : nothing(model, before, () => go({ transitions: null, before: null }))}
    >
      <ol className={classes.list} aria-label="Transitions">
        {list.map((transition) => (
          <Item key={transition.id} transition={transition} />
        ))}
      </ol>
      {(page.data?.missed ?? 0) > 0 && <p className={classes.missed}>{formatCount(page.data?.missed ?? 0)} transitions never reached this server.</p>}
      <nav className={classes.pages} aria-label="Pages of transitions">
        <Button size="xs" variant="default" disabled={before === null} onClick={() => go({ before: null })}>
          Newest
        </Button>
        <Button
          size="xs"
          variant="default"
          disabled={page.data === undefined || page.data.next === null}
          onClick={() => go({ before: String(page.data?.next) })}
        >
          Older
        </Button>
      </nav>
    </Panel>
  );
}

function nothing(model: string | null, before: string | null, showAll: () => void): EmptyNotice {
  if (model !== null || before !== null) {
    return { title: 'No transitions here', text: 'Of this model, or from here back, there are none.', action: { label: 'Show the newest of all models', run: showAll } };
  }
  return {
    title: 'Nothing has happened yet',
    text: 'Each start, sleep, wake and stop of a replica appears here with its reason.',
    action: { label: 'Chat with a model', to: '/inference/serverless' },
  };
}

function ModelChoice({ model, onChange }: { model: string | null; onChange: (model: string | null) => void }) {
  const ids = (useModels().data ?? []).map(({ id }) => id);
  // Transitions outlive their models.
  const known = model === null || ids.includes(model) ? ids : [model, ...ids];
  return (
    <NativeSelect
      size="xs"
      aria-label="Model of the transitions"
      value={model ?? all}
      onChange={({ currentTarget: { value } }) => onChange(value === all ? null : value)}
      data={[{ value: all, label: 'All models' }, ...known.map((id) => ({ value: id, label: id }))]}
    />
  );
}

function Item({ transition }: { transition: Transition }) {
  const { at, model, revision, replica, gpus, from, to, reason, took_ms } = transition;
  const eviction = evictionWords(transition);
  return (
    <li className={classes.item} data-to={to ?? 'gone'}>
      <time className="tabular" dateTime={at}>
        {formatMoment(Date.parse(at), readerZone(), true)}
      </time>
      <div className={classes.what}>
        <p>
          <b>{model}</b> <span className={classes.change}>{changeWords(transition)}</span>
          {from !== null && <span className={classes.took}>after {formatDuration(took_ms)}</span>}
        </p>
        <p className={classes.reason}>{reason}</p>
        {eviction !== null && <p className={classes.reason}>{eviction}</p>}
        <p className={classes.where}>
          revision {revision} · replica <code>{replica}</code>
          {gpus.length > 0 && (
            <>
              {' '}
              on <code>{gpus.join(', ')}</code>
            </>
          )}
        </p>
      </div>
    </li>
  );
}
