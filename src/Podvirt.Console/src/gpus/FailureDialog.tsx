import { Modal } from '@mantine/core';
import { formatMoment, readerZone } from '../charts/time';
import type { ModelView } from '../models/model';
import { useSession } from '../session/session';
import { EngineLog } from './EngineLog';
import classes from './FailureDialog.module.css';

/** Why a model failed, and to admins what its engine wrote. It stays open, and says so, when the model recovers. */
export function FailureDialog({ model, onClose }: { model: ModelView; onClose: () => void }) {
  const isAdmin = useSession().data?.role === 'admin';
  return (
    <Modal opened onClose={onClose} title={`${model.name}: ${model.status}`} size="xl" closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className={classes.body}>
        <dl className={classes.facts}>
          <dt>Reason</dt>
          <dd className={classes.reason}>{model.reason ?? (model.status === 'Failed' ? 'The server gave no reason.' : 'It is no longer failed.')}</dd>
          {model.failure !== null && (
            <>
              <dt>Code</dt>
              <dd>
                <code>{model.failure.code}</code>
              </dd>
              <dt>Next attempt</dt>
              <dd>{nextAttempt(model.failure.retry_at)}</dd>
            </>
          )}
        </dl>
        {isAdmin && <EngineLog model={model.id} />}
      </div>
    </Modal>
  );
}

function nextAttempt(retryAt: string | null): string {
  if (retryAt === null) return 'Not before something is changed';
  return `With the first request after ${formatMoment(Date.parse(retryAt), readerZone())}`;
}
