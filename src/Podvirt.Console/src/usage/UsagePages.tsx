import pageClasses from '../shell/Page.module.css';
import { useDocumentTitle } from '../shell/useDocumentTitle';

export default function UsagePages() {
  useDocumentTitle('Usage Analytics');
  return (
    <div className={pageClasses.page}>
      <h1>Usage Analytics</h1>
    </div>
  );
}
