import pageClasses from '../shell/Page.module.css';
import { useDocumentTitle } from '../shell/useDocumentTitle';

export default function MembersPage() {
  useDocumentTitle('Members');
  return (
    <div className={pageClasses.page}>
      <h1>Members</h1>
    </div>
  );
}
