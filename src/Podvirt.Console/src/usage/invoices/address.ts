/** The page of one invoice, by its number or a draft's id. */
export function invoicePath(id: string): string {
  return `/inference/usage/invoices/${encodeURIComponent(id)}`;
}
