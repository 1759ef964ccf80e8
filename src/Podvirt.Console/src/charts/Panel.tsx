import { Button, Skeleton, Title } from '@mantine/core';
import { useId, type ReactNode } from 'react';
import { messageOf } from '../http/api';
import { Notice, type NoticeAction } from '../shell/Notice';
import classes from './Panel.module.css';

/** What a panel needs to know of the query behind it; every query of react-query is one. */
export interface PanelQuery {
  data: unknown;
  error: unknown;
  refetch: () => unknown;
}

export interface EmptyNotice {
  title: string;
  text?: ReactNode;
  action: NoticeAction;
}

interface PanelProps {
  title: string;
  /** Beside the title: "last hour", "updated 12 s ago". */
  note?: ReactNode;
  /** At the right of the title, whatever the content: a choice, a button. */
  action?: ReactNode;
  /** Left out: the content is there already. */
  query?: PanelQuery | undefined;
  /** Shown in place of the content once it is loaded and there is none. */
  empty?: EmptyNotice | null | undefined;
  /** Height of what stands there while it loads. */
  loadingHeightPx?: number;
  children: ReactNode;
}

/** A titled part of a page that loads, is empty, fails and is tried again by itself. */
export function Panel({ title, note, action, query, empty = null, loadingHeightPx = 160, children }: PanelProps) {
  const id = useId();
  const waiting = query !== undefined && query.data === undefined;
  return (
    <section className={classes.panel} aria-labelledby={id} aria-busy={waiting && !hasFailed(query)}>
      <header className={classes.head}>
        <Title order={2} size="h5" id={id}>
          {title}
        </Title>
        {note !== undefined && <span className={classes.note}>{note}</span>}
        {action !== undefined && <div className={classes.action}>{action}</div>}
      </header>
      {waiting ? <Waiting title={title} query={query} heightPx={loadingHeightPx} /> : <Content {...{ title, query, empty, children }} />}
    </section>
  );
}

function Waiting({ title, query, heightPx }: { title: string; query: PanelQuery; heightPx: number }) {
  if (!hasFailed(query)) return <Skeleton height={heightPx} role="status" aria-label={`Loading: ${title}`} />;
  return (
    <Notice level={3} tone="failed" title="This could not be loaded" action={{ label: 'Try again', run: () => void query.refetch() }}>
      {messageOf(query.error)}
    </Notice>
  );
}

function Content({ title, query, empty, children }: Pick<PanelProps, 'title' | 'query' | 'empty' | 'children'>) {
  return (
    <>
      {query !== undefined && hasFailed(query) && (
        <p className={classes.stale} role="alert">
          These figures may be old: {messageOf(query.error)}
          <Button size="compact-xs" variant="default" onClick={() => void query.refetch()} aria-label={`Try again: ${title}`}>
            Try again
          </Button>
        </p>
      )}
      {empty === null || empty === undefined ? (
        children
      ) : (
        <Notice level={3} title={empty.title} action={empty.action}>
          {empty.text}
        </Notice>
      )}
    </>
  );
}

/** A query that has no data forgets its error when it is tried again; one that has data keeps it until that worked. */
function hasFailed({ error }: PanelQuery): boolean {
  return error !== null && error !== undefined;
}
