import { Link, useSearchParams } from 'react-router';
import { formatCount, plural } from '../../models/format';
import { viewFrom, withView } from '../filters/filters';
import { Money } from '../Money';
import type { UsageRow } from '../wire';
import { notCounted } from './measure';
import classes from './SumsPage.module.css';

/** The sum of everything, and what of it is not billed. */
export function Totals({ total }: { total: UsageRow }) {
  return (
    <>
      <dl className={classes.figures} aria-label="In all">
        <Figure name="Cost">
          <Money amount={total.cost} />
        </Figure>
        <Figure name="Requests">{formatCount(total.requests)}</Figure>
        <Figure name="Prompt tokens">{formatCount(total.prompt_tokens)}</Figure>
        <Figure name="of these cached">{formatCount(total.cached_tokens)}</Figure>
        <Figure name="Completion tokens">{formatCount(total.completion_tokens)}</Figure>
        <Figure name="of these reasoning">{formatCount(total.reasoning_tokens)}</Figure>
      </dl>
      {notCounted(total) > 0 && (
        <p className={classes.note}>
          Not billed: <Uncounted source="none" count={total.unreported} what="without counts from the engine" />
          {total.unreported > 0 && total.quarantined > 0 && ' and '}
          <Uncounted source="quarantined" count={total.quarantined} what="with counts that cannot be true" />.
        </p>
      )}
    </>
  );
}

function Figure({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Uncounted({ source, count, what }: { source: string; count: number; what: string }) {
  const [params] = useSearchParams();
  if (count === 0) return null;
  const view = viewFrom(params);
  const search = withView(params, { ...view, filters: { ...view.filters, source } }).toString();
  return (
    <Link to={{ pathname: 'requests', search }}>
      {plural(count, 'request')} {what}
    </Link>
  );
}
