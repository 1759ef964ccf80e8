import { Notice } from './Notice';
import { useDocumentTitle } from './useDocumentTitle';
import classes from './Page.module.css';

export function NotFoundPage() {
  useDocumentTitle('Not found');
  return (
    <div className={classes.page}>
      <Notice
        level={1}
        title="There is no page at this address"
        action={{ label: 'To the models', to: '/inference/serverless' }}
      />
    </div>
  );
}
