import type { InvoiceHead } from '../wire';
import classes from './InvoicesPage.module.css';

/** Framed by dashes while it may change. */
export function Status({ status }: { status: InvoiceHead['status'] }) {
  return (
    <span className={classes.status} data-status={status}>
      {status === 'draft' ? 'Draft' : 'Final'}
    </span>
  );
}
