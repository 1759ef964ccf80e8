import { Button } from '@mantine/core';
import { Link, useSearchParams } from 'react-router';
import { Panel, type EmptyNotice } from '../../charts/Panel';
import { readerZone, zoneLabel } from '../../charts/time';
import { useChangeParams } from '../../shell/useChangeParams';
import { useDocumentTitle } from '../../shell/useDocumentTitle';
import { useAsk } from '../ask';
import { FilterBar } from '../filters/FilterBar';
import { callParams, isFiltering, noFilters, viewFrom, withView } from '../filters/filters';
import { useNames } from '../filters/names';
import { useScope } from '../filters/scope';
import { Refresh } from '../Refresh';
import type { RequestPage } from '../wire';
import { RequestTable } from './RequestTable';
import classes from './RequestsPage.module.css';

const pageSize = 50;

/** Usage records, newest first. A page begins behind the last record of the one before, so new records shift nothing. */
export function RequestsPage() {
  useDocumentTitle('Requests');
  const [params] = useSearchParams();
  const changeParams = useChangeParams();
  const scope = useScope();
  const names = useNames(scope.project);
  const view = viewFrom(params);
  const after = params.get('after');
  const call = () => callParams(view, scope.project, new Date());
  const page = useAsk<RequestPage>(['requests', scope.project, view, after], () => {
    const query = call();
    query.set('limit', String(pageSize));
    if (after !== null) query.set('after', after);
    return `/api/requests?${query}`;
  });

  let empty: EmptyNotice | null = null;
  if (page.data?.data.length === 0) {
    if (after !== null) empty = { title: 'No older requests', action: { label: 'To the newest', run: () => changeParams((current) => pageAfter(current, null)) } };
    else if (isFiltering(view.filters))
      empty = { title: 'No request matches', action: { label: 'Clear the filters', run: () => changeParams((current) => withView(current, { ...viewFrom(current), filters: noFilters })) } };
    else empty = { title: 'No requests in this time', action: { label: 'Choose a model to call', to: '/inference/serverless' } };
  }

  return (
    <>
      <FilterBar scope={scope} names={names} />
      <Panel
        title="Requests"
        note={<Refresh query={page} />}
        query={page}
        empty={empty}
        loadingHeightPx={480}
        action={
          <Button component="a" href={`/api/requests.csv?${call()}`} download size="compact-sm" variant="default">
            Download all as CSV
          </Button>
        }
      >
        {page.data !== undefined && (
          <>
            <p className={classes.note}>
              {after === null ? 'Newest first.' : 'Newest first, an older page.'} Times are those of {zoneLabel(readerZone(), Date.now())}.
            </p>
            <RequestTable records={page.data.data} names={names} allProjects={scope.project === null} />
            <Pager after={after} next={page.data.next} params={params} />
          </>
        )}
      </Panel>
    </>
  );
}

function Pager({ after, next, params }: { after: string | null; next: string | null; params: URLSearchParams }) {
  if (after === null && next === null) return null;
  return (
    <nav aria-label="Pages of requests" className={classes.pager}>
      {after !== null && (
        <Button component={Link} to={{ search: pageAfter(params, null).toString() }} size="xs" variant="default">
          Newest
        </Button>
      )}
      {next !== null && (
        <Button component={Link} to={{ search: pageAfter(params, next).toString() }} size="xs" variant="default">
          Older
        </Button>
      )}
    </nav>
  );
}

function pageAfter(params: URLSearchParams, after: string | null): URLSearchParams {
  const next = new URLSearchParams(params);
  if (after === null) next.delete('after');
  else next.set('after', after);
  return next;
}
