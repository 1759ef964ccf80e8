import { Title } from '@mantine/core';
import { Route, Routes } from 'react-router';
import { Notice } from '../shell/Notice';
import pageClasses from '../shell/Page.module.css';
import { usagePath } from './address';
import { useScope, useScopeOfConsole } from './filters/scope';
import { InvoicePage } from './invoices/InvoicePage';
import { InvoicesPage } from './invoices/InvoicesPage';
import { RatesPage } from './rates/RatesPage';
import { RequestPage } from './requests/RequestPage';
import { RequestsPage } from './requests/RequestsPage';
import { SumsPage } from './sums/SumsPage';
import { UsageNav } from './UsageNav';
import classes from './UsagePages.module.css';

/** Everything below `/inference/usage`. */
export default function UsagePages() {
  useScopeOfConsole();
  const { hasAny } = useScope();
  return (
    <div className={pageClasses.page}>
      <header className={classes.head}>
        <Title order={1} size="h3">
          Usage Analytics
        </Title>
        <UsageNav />
      </header>
      <div className={classes.parts}>{hasAny ? <Parts /> : <NoProject />}</div>
    </div>
  );
}

function Parts() {
  return (
    <Routes>
      <Route index element={<SumsPage />} />
      <Route path="requests" element={<RequestsPage />} />
      <Route path="requests/:id" element={<RequestPage />} />
      <Route path="rates" element={<RatesPage />} />
      <Route path="invoices" element={<InvoicesPage />} />
      <Route path="invoices/:id" element={<InvoicePage />} />
      <Route path="*" element={<Notice title="There is no page at this address" action={{ label: 'To the usage', to: usagePath }} />} />
    </Routes>
  );
}

function NoProject() {
  return (
    <Notice title="You have no project yet" action={{ label: 'Look again', run: () => window.location.reload() }}>
      Usage belongs to projects. An admin can add you to one.
    </Notice>
  );
}
