import { Link } from 'react-router';
import { DataTable } from '../../charts/DataTable';
import { none } from '../../charts/quantity';
import { formatCount } from '../../models/format';
import { outcomeLabel, type Names } from '../filters/names';
import { Moment } from '../Moment';
import { Money } from '../Money';
import { formatMicros } from '../time';
import type { RequestRecord } from '../wire';
import { requestPath } from './address';
import classes from './RequestsPage.module.css';

/** One row for each request; a row leads to what is to say about it. */
export function RequestTable({ records, names, allProjects }: { records: readonly RequestRecord[]; names: Names; allProjects: boolean }) {
  return (
    <div className={classes.rows}>
      <DataTable
        caption="Requests, newest first"
        columns={[
          { key: 'ended', label: 'Ended', short: true },
          { key: 'model', label: 'Model' },
          { key: 'cost', label: 'Cost', numeric: true },
          { key: 'outcome', label: 'Outcome' },
          { key: 'prompt', label: 'Prompt', numeric: true },
          { key: 'completion', label: 'Completion', numeric: true },
          { key: 'waited', label: 'Waited', numeric: true },
          { key: 'first', label: 'First token', numeric: true },
          { key: 'duration', label: 'Duration', numeric: true },
          { key: 'key', label: allProjects ? 'Project and key' : 'API key' },
        ]}
        rows={records.map((record) => ({
          key: record.id,
          cells: [
            <Link key="ended" to={requestPath(record.id)}>
              <Moment at={record.ended_at} short />
            </Link>,
            <div key="model" className={classes.model}>
              {record.model}
              <span className={classes.sub}>revision {record.revision}</span>
            </div>,
            <Money key="cost" amount={record.cost} />,
            <div key="outcome">
              <span className={classes.outcome} data-good={record.outcome === 'completed'}>
                {outcomeLabel(record.outcome)}
              </span>
              {record.usage_source !== 'engine' && <span className={classes.sub}>not billed</span>}
            </div>,
            <Part key="prompt" count={record.prompt_tokens} of={record.cached_tokens} what="cached" />,
            <Part key="completion" count={record.completion_tokens} of={record.reasoning_tokens} what="reasoning" />,
            <div key="waited">
              {record.parked_us === 0 ? none : formatMicros(record.parked_us)}
              {record.cold_start && <span className={classes.sub}>cold start</span>}
            </div>,
            record.first_token_us === null ? none : formatMicros(record.first_token_us),
            formatMicros(record.duration_us),
            <div key="key" className={classes.model}>
              {allProjects && <span>{names.project(record.project)}</span>}
              <span className={allProjects ? classes.sub : undefined}>{names.key(record.key)}</span>
            </div>,
          ],
        }))}
      />
    </div>
  );
}

function Part({ count, of, what }: { count: number; of: number; what: string }) {
  return (
    <div>
      {formatCount(count)}
      {of > 0 && (
        <span className={classes.sub}>
          {formatCount(of)} {what}
        </span>
      )}
    </div>
  );
}
