import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { none } from '../../charts/quantity';
import { conversationPath } from '../../chat/address';
import { usagePath } from '../address';
import { outcomeLabel, type Names } from '../filters/names';
import { Moment } from '../Moment';
import { formatMicros } from '../time';
import type { RequestDetail } from '../wire';
import classes from './RequestPage.module.css';
import { useConversation } from './useConversation';

/** What stands on the ledger of a request. */
export function Facts({ request, names }: { request: RequestDetail; names: Names }) {
  const { key, model, tokens_per_second: speed } = request;
  const conversation = useConversation(request);
  return (
    <dl className={classes.facts}>
      <Fact name="Id (x-request-id)">
        <code>{request.id}</code>
      </Fact>
      <Fact name="Model">
        <Link to={{ pathname: '/inference/serverless', search: new URLSearchParams({ q: model }).toString() }}>{model}</Link>, revision {request.revision}
      </Fact>
      <Fact name="Rate">
        <Link to={{ pathname: `${usagePath}/rates`, search: new URLSearchParams({ model }).toString() }}>
          {request.rate_version === 0 ? 'none was set' : `version ${request.rate_version}`}
        </Link>
      </Fact>
      <Fact name="API key">
        {key === '' ? names.key(key) : <Link to="/inference/api-keys">{names.key(key)}</Link>}
        {names.key(key) !== key && key !== '' && ` (${key})`}
      </Fact>
      {conversation !== undefined && (
        <Fact name="Conversation">
          <Link to={conversationPath(conversation.model, conversation.id)}>{conversation.title === '' ? 'Untitled' : conversation.title}</Link>
        </Fact>
      )}
      <Fact name="Project">{names.project(request.project)}</Fact>
      <Fact name="Outcome">
        {outcomeLabel(request.outcome)}, status {request.status}
      </Fact>
      <Fact name="Called as">
        {request.surface}, {request.streamed ? 'streamed' : 'in one reply'}
      </Fact>
      <Fact name="Replica">{request.replica === '' ? none : <code>{request.replica}</code>}</Fact>
      <Fact name="Began">
        <Moment at={request.started_at} />
      </Fact>
      <Fact name="Ended">
        <Moment at={request.ended_at} />
      </Fact>
      <Fact name="First token after">{request.first_token_us === null ? none : formatMicros(request.first_token_us)}</Fact>
      <Fact name="Tokens per second">{speed === null ? none : speed.toFixed(1)}</Fact>
      <Fact name="Counts come from">{sourceWords[request.usage_source]}</Fact>
    </dl>
  );
}

const sourceWords: Record<RequestDetail['usage_source'], string> = {
  engine: 'the engine',
  none: 'nobody: the engine reported none',
  quarantined: 'the engine, but they cannot be true',
};

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="tabular">{children}</dd>
    </div>
  );
}
