import pageClasses from '../shell/Page.module.css';
import { useDocumentTitle } from '../shell/useDocumentTitle';

export default function ApiKeysPage() {
  useDocumentTitle('API Keys');
  return (
    <div className={pageClasses.page}>
      <h1>API Keys</h1>
    </div>
  );
}
