import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link, useParams, useSearchParams } from 'react-router';
import { Panel } from '../../charts/Panel';
import { ApiError } from '../../http/api';
import { formatCount, plural } from '../../models/format';
import { Notice } from '../../shell/Notice';
import { useDocumentTitle } from '../../shell/useDocumentTitle';
import { usagePath } from '../address';
import { useAsk } from '../ask';
import { Moment } from '../Moment';
import { Money } from '../Money';
import { Refresh } from '../Refresh';
import { formatMonth, formatUtc } from '../time';
import type { Invoice, Party } from '../wire';
import { InvoiceLines } from './InvoiceLines';
import { invoiceTitle } from './invoices';
import { Status } from './Status';
import classes from './InvoicesPage.module.css';

/** One invoice with its lines. The server's own page of it is for paper. */
export function InvoicePage() {
  const { id = '' } = useParams();
  const [params] = useSearchParams();
  const invoice = useAsk<Invoice>(['invoice', id], () => `/api/invoices/${encodeURIComponent(id)}`);
  const title = invoice.data === undefined ? 'Invoice' : invoiceTitle(invoice.data);
  useDocumentTitle(title);
  if (invoice.error instanceof ApiError && invoice.error.status === 404) {
    return (
      <Notice title="There is no such invoice" action={{ label: 'To the invoices', to: `${usagePath}/invoices` }}>
        A project's month without usage has none. <code>{id}</code>
      </Notice>
    );
  }
  return (
    <>
      <Link className={classes.back} to={{ pathname: `${usagePath}/invoices`, search: params.toString() }}>
        ← All invoices
      </Link>
      <Panel title={title} note={<Refresh query={invoice} />} query={invoice} loadingHeightPx={360} action={<Exports id={id} />}>
        {invoice.data !== undefined && <Content invoice={invoice.data} />}
      </Panel>
    </>
  );
}

function Exports({ id }: { id: string }) {
  const address = `/api/invoices/${encodeURIComponent(id)}`;
  return (
    <span className={classes.actions}>
      <Button component="a" href={`${address}.html`} target="_blank" rel="noopener" size="compact-sm" variant="default">
        Print view
      </Button>
      <Button component="a" href={`${address}.csv`} download size="compact-sm" variant="default">
        Download as CSV
      </Button>
    </span>
  );
}

function Content({ invoice }: { invoice: Invoice }) {
  return (
    <>
      <div className={classes.head}>
        <dl className={classes.facts}>
          <Fact name="Status">
            <Status status={invoice.status} />
          </Fact>
          <Fact name="Project">
            {invoice.project_name}
            {invoice.project_name !== invoice.project && ` (${invoice.project})`}
          </Fact>
          <Fact name="Month (UTC)">{formatMonth(invoice.month)}</Fact>
          <Fact name={invoice.status === 'draft' ? 'Final from' : 'Issued'}>
            <Moment at={invoice.final_at} />
          </Fact>
          <Fact name="Requests">
            <Link to={{ pathname: `${usagePath}/requests`, search: new URLSearchParams({ project: invoice.project, from: invoice.from, to: invoice.to }).toString() }}>
              {formatCount(invoice.requests)}
            </Link>
          </Fact>
          <Fact name={invoice.status === 'draft' ? 'Due so far' : 'Amount due'}>
            <span className={classes.due}>
              <Money amount={invoice.amount} />
            </span>
          </Fact>
        </dl>
        <PartyView label="From" party={invoice.seller} />
        <PartyView label="Billed to" party={invoice.customer} />
      </div>
      {invoice.lines.length === 0 ? <p className={classes.note}>Nothing was used that has a count.</p> : <InvoiceLines invoice={invoice} />}
      <Notes invoice={invoice} />
    </>
  );
}

function Notes({ invoice }: { invoice: Invoice }) {
  return (
    <>
      {invoice.status === 'draft' && (
        <p className={classes.note}>
          This is a draft: it shows what is on the ledger now, and changes until it is final ({formatUtc(invoice.final_at)}).
        </p>
      )}
      <p className={classes.note}>
        US dollars, without tax. Each line is rounded once, to the nearest cent, halves to the even one. What is due is the sum of the rounded lines.
      </p>
      {invoice.unreported > 0 && <p className={classes.note}>{plural(invoice.unreported, 'request')} came without counts that can be billed: not charged.</p>}
      {invoice.late_requests > 0 && (
        <p className={classes.note}>{plural(invoice.late_requests, 'request')} of earlier months reached the ledger after those had been invoiced.</p>
      )}
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function PartyView({ label, party }: { label: string; party: Party }) {
  if (party.name === '') return null;
  return (
    <address>
      <span className={classes.sub}>{label}</span>
      <strong>{party.name}</strong>
      {party.address.map((line, place) => (
        <div key={place}>{line}</div>
      ))}
    </address>
  );
}
