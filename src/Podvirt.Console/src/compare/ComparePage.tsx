import pageClasses from '../shell/Page.module.css';
import { useDocumentTitle } from '../shell/useDocumentTitle';

export default function ComparePage() {
  useDocumentTitle('Compare');
  return (
    <div className={pageClasses.page}>
      <h1>Compare</h1>
    </div>
  );
}
