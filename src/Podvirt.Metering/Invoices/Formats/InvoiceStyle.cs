namespace Podvirt.Metering.Invoices.Formats;

/// <summary>How the page looks: one column of cards on a phone, a table elsewhere, A4 on paper. Always light: it is a document.</summary>
internal static class InvoiceStyle
{
    public const string Css =
        """
        :root { color-scheme: light; --ink: #1a1d21; --soft: #5c6470; --line: #d9dde3; --tint: #f5f6f8; }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--tint); color: var(--ink); font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif; }
        main { max-width: 60rem; margin: 2rem auto; padding: 3rem; background: #fff; border: 1px solid var(--line); border-radius: 6px; }
        header { display: flex; justify-content: space-between; gap: 2rem; margin-bottom: 2rem; }
        h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; font-weight: 650; }
        .id { margin: .2rem 0 0; color: var(--soft); font-size: 1rem; }
        address { font-style: normal; overflow-wrap: anywhere; }
        address strong { font-weight: 600; }
        .seller { text-align: right; }
        .label { display: block; color: var(--soft); font-size: .85em; }
        .facts { display: grid; grid-template-columns: 1fr 1fr; gap: 2rem; }
        dl { margin: 0; }
        dl div { display: flex; justify-content: space-between; gap: 1rem; }
        dt { color: var(--soft); }
        dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
        .due { display: flex; justify-content: space-between; align-items: baseline; flex-wrap: wrap; gap: 0 1rem; margin: 2rem 0; padding: .9rem 1.1rem; background: var(--tint); border-radius: 6px; }
        .due strong { font-size: 1.5rem; font-weight: 650; font-variant-numeric: tabular-nums; }
        table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { padding: .45rem .5rem; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--line); }
        th:first-child, td:first-child { padding-left: 0; }
        th:last-child, td:last-child { padding-right: 0; }
        thead th { color: var(--soft); font-weight: 500; border-bottom: 1px solid var(--ink); white-space: nowrap; }
        .n { text-align: right; white-space: nowrap; }
        .model { overflow-wrap: anywhere; font-weight: 550; }
        .exact, small { color: var(--soft); }
        small { font-size: .85em; white-space: nowrap; }
        .section th { padding-top: 1.4rem; font-weight: 600; }
        tfoot th, tfoot td { border-bottom: 0; border-top: 2px solid var(--ink); font-weight: 650; }
        tfoot .exact { font-weight: 400; }
        .empty { color: var(--soft); }
        footer { margin-top: 2rem; color: var(--soft); font-size: .9em; }
        footer p { margin: .3rem 0; }
        @media screen and (max-width: 44rem) {
          body { background: #fff; }
          main { margin: 0; padding: 1.25rem; border: 0; border-radius: 0; }
          header { flex-direction: column; gap: 1rem; }
          .seller { text-align: left; }
          .facts { grid-template-columns: 1fr; gap: 1.25rem; }
          table, tbody, tfoot, tr, td, tfoot th { display: block; }
          thead { display: none; }
          tbody tr, tfoot tr { padding: .6rem 0; border-bottom: 1px solid var(--line); }
          tfoot tr { border-top: 2px solid var(--ink); border-bottom: 0; }
          th, td, tfoot th, tfoot td { border: 0; padding: .1rem 0; }
          td[data-label] { display: flex; flex-wrap: wrap; justify-content: flex-end; align-items: baseline; gap: 0 .35rem; text-align: right; }
          td[data-label]::before { content: attr(data-label); margin-right: auto; padding-right: 1rem; color: var(--soft); font-weight: 400; }
          .section { border-bottom: 0 !important; }
          .section th { padding-top: .6rem; }
        }
        @page { size: A4; margin: 16mm 15mm 18mm; @bottom-right { content: counter(page) " / " counter(pages); font: 9pt sans-serif; color: #5c6470; } }
        @media print {
          body { background: #fff; font-size: 9.5pt; }
          main { max-width: none; margin: 0; padding: 0; border: 0; }
          .due { border: 1px solid var(--line); }
          thead { display: table-header-group; }
          tfoot { display: table-row-group; }
          th, td { padding: .3rem .4rem; }
          .model { font-weight: 400; }
          tr, .facts, .due, footer { break-inside: avoid; }
          .section { break-after: avoid; }
        }
        """;
}
