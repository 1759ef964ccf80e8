import { Title } from '@mantine/core';
import { DataTable } from '../../charts/DataTable';
import { Money } from '../Money';
import type { Invoice, InvoiceLine } from '../wire';
import { lineLabel, linePrice, lineQuantity, lineRate, sectionsOf } from './invoices';
import classes from './InvoicesPage.module.css';

/** The lines by what they are for; the sums of all of them stand below the last part. */
export function InvoiceLines({ invoice }: { invoice: Invoice }) {
  const sections = sectionsOf(invoice);
  return sections.map(({ title, lines }, place) => (
    <section key={title} aria-label={title} className={classes.lines}>
      <Title order={3} size="h6">
        {title}
      </Title>
      <DataTable
        caption={title}
        columns={[
          { key: 'model', label: 'Model' },
          { key: 'what', label: 'What' },
          { key: 'quantity', label: 'Quantity', numeric: true },
          { key: 'price', label: 'Price', numeric: true },
          { key: 'exact', label: 'Exact', numeric: true },
          { key: 'amount', label: 'Amount', numeric: true },
        ]}
        rows={lines.map((line) => ({ key: keyOf(line), cells: cellsOf(line, invoice.month) }))}
        foot={
          place === sections.length - 1
            ? ['Total', '', '', '', <Money key="exact" amount={invoice.exact} />, <Money key="amount" amount={invoice.amount} />]
            : undefined
        }
      />
    </section>
  ));
}

function cellsOf(line: InvoiceLine, month: string) {
  return [
    <span key="model" className={classes.name}>
      {line.model}
    </span>,
    <div key="what">
      {lineLabel(line, month)}
      <span className={classes.sub}>{lineRate(line)}</span>
    </div>,
    lineQuantity(line),
    linePrice(line),
    <Money key="exact" amount={line.exact} />,
    <Money key="amount" amount={line.amount} />,
  ];
}

function keyOf(line: InvoiceLine): string {
  return [line.type, line.month, line.model, line.kind, line.old_rate_version, line.rate_version].join(' ');
}
