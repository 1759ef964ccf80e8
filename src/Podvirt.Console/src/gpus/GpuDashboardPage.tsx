import pageClasses from '../shell/Page.module.css';
import { useDocumentTitle } from '../shell/useDocumentTitle';

export default function GpuDashboardPage() {
  useDocumentTitle('GPU Dashboard');
  return (
    <div className={pageClasses.page}>
      <h1>GPU Dashboard</h1>
    </div>
  );
}
