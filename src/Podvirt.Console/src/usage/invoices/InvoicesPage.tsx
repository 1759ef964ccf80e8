import { NativeSelect } from '@mantine/core';
import { Link, useSearchParams } from 'react-router';
import { DataTable } from '../../charts/DataTable';
import { Panel } from '../../charts/Panel';
import { useChangeParams } from '../../shell/useChangeParams';
import { useDocumentTitle } from '../../shell/useDocumentTitle';
import { useAsk } from '../ask';
import { ProjectSelect } from '../filters/ProjectSelect';
import { useScope } from '../filters/scope';
import { LinkedRows } from '../LinkedRows';
import { Moment } from '../Moment';
import { Money } from '../Money';
import { Refresh } from '../Refresh';
import { formatMonth } from '../time';
import type { InvoiceHead, List } from '../wire';
import { invoicePath } from './address';
import { Status } from './Status';
import classes from './InvoicesPage.module.css';

/** One for each project and month with usage: drafts first, then those that are final. */
export function InvoicesPage() {
  useDocumentTitle('Invoices');
  const [params] = useSearchParams();
  const changeParams = useChangeParams();
  const scope = useScope();
  const { project } = scope;
  const month = params.get('month');
  const invoices = useAsk<List<InvoiceHead>>(['invoices', project], () => `/api/invoices${project === null ? '' : `?project=${encodeURIComponent(project)}`}`);
  const all = invoices.data?.data ?? [];
  const months = [...new Set(all.map((invoice) => invoice.month))].sort().reverse();
  const shown = all.filter((invoice) => month === null || invoice.month === month);
  const choose = (value: string) =>
    changeParams((current) => {
      const next = new URLSearchParams(current);
      if (value === '') next.delete('month');
      else next.set('month', value);
      return next;
    });

  return (
    <>
      <section aria-label="Filters" className={classes.months}>
        <NativeSelect
          label="Month (UTC)"
          value={month ?? ''}
          onChange={(event) => choose(event.currentTarget.value)}
          data={[
            { value: '', label: 'All months' },
            ...[...months, ...(month !== null && !months.includes(month) ? [month] : [])].map((value) => ({ value, label: formatMonth(value) })),
          ]}
        />
        <ProjectSelect scope={scope} />
      </section>
      <Panel
        title="Invoices"
        note={<Refresh query={invoices} />}
        query={invoices}
        empty={
          invoices.data === undefined || shown.length > 0
            ? null
            : month === null
              ? { title: 'No invoices yet', text: 'The first one appears with the first request.', action: { label: 'Choose a model to call', to: '/inference/serverless' } }
              : { title: `No invoice of ${formatMonth(month)}`, action: { label: 'Show all months', run: () => choose('') } }
        }
      >
        <p className={classes.note}>A draft grows with its month and becomes final 24 hours after it. Amounts are US dollars.</p>
        <LinkedRows>
          <DataTable
            caption="Invoices"
            columns={[
              { key: 'month', label: 'Month', short: true },
              { key: 'amount', label: 'Amount', numeric: true },
              { key: 'project', label: 'Project' },
              { key: 'status', label: 'Status', short: true },
              { key: 'exact', label: 'Exact', numeric: true },
              { key: 'final', label: 'Final', short: true },
            ]}
            rows={shown.map((invoice) => ({
              key: invoice.id,
              cells: [
                <Link key="id" to={{ pathname: invoicePath(invoice.id), search: params.toString() }}>
                  {formatMonth(invoice.month)}
                  <span className="visually-hidden">, {invoice.project_name}</span>
                </Link>,
                <Money key="amount" amount={invoice.amount} />,
                <div key="project" className={classes.name}>
                  {invoice.project_name}
                  {invoice.project_name !== invoice.project && <span className={classes.sub}>{invoice.project}</span>}
                </div>,
                <div key="status">
                  <Status status={invoice.status} /> {invoice.status === 'final' && `No. ${invoice.id}`}
                </div>,
                <Money key="exact" amount={invoice.exact} />,
                <Moment key="final" at={invoice.final_at} />,
              ],
            }))}
          />
        </LinkedRows>
      </Panel>
    </>
  );
}
