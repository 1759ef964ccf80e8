import { Link, useParams } from 'react-router';
import { Panel } from '../../charts/Panel';
import { ApiError } from '../../http/api';
import { Notice } from '../../shell/Notice';
import { useDocumentTitle } from '../../shell/useDocumentTitle';
import { usagePath } from '../address';
import { useAsk } from '../ask';
import { useNames } from '../filters/names';
import { Refresh } from '../Refresh';
import type { RequestDetail } from '../wire';
import { CostTable } from './CostTable';
import { Facts } from './Facts';
import { Waterfall } from './Waterfall';
import classes from './RequestPage.module.css';

/** One request: what became of it, where its time went, what it cost and why. */
export function RequestPage() {
  useDocumentTitle('Request');
  const { id = '' } = useParams();
  const request = useAsk<RequestDetail>(['request', id], () => `/api/requests/${encodeURIComponent(id)}`);
  const names = useNames(request.data?.project ?? null);
  const detail = request.data;
  if (request.error instanceof ApiError && request.error.status === 404) {
    return (
      <Notice title="This request is not on the ledger" action={{ label: 'Look again', run: () => void request.refetch() }}>
        It may still run, or have ended a moment ago; it is here once it is billed. <code>{id}</code>
      </Notice>
    );
  }
  return (
    <>
      <Link to={`${usagePath}/requests`} className={classes.back}>
        ← All requests
      </Link>
      <Panel title="Request" note={<Refresh query={request} />} query={request}>
        {detail !== undefined && (
          <>
            <p className={classes.sentence}>{detail.explanation}</p>
            <Facts request={detail} names={names} />
          </>
        )}
      </Panel>
      {detail !== undefined && (
        <>
          <Panel title="Where its time went">
            <Waterfall phases={detail.phases} durationUs={detail.duration_us} />
          </Panel>
          <Panel title="What it cost" note={detail.rate_version === 0 ? 'no rate was set' : `by rate version ${detail.rate_version}`}>
            <CostTable request={detail} />
          </Panel>
        </>
      )}
    </>
  );
}
