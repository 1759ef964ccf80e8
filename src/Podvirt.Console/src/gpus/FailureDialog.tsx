import { formatMoment, readerZone } from '../charts/time';
import { isExternal, type Failure, type ModelView } from '../models/model';
import { useSession } from '../session/session';
import { Dialog } from '../shell/Dialog';
import { EngineLog } from './EngineLog';
import classes from './FailureDialog.module.css';

/** Why a model failed, and to admins what its engine wrote. It stays open, and says so, when the model recovers. */
export function FailureDialog({ model, opened, onClose }: { model: ModelView; opened: boolean; onClose: () => void }) {
  const isAdmin = useSession().data?.role === 'admin';
  return (
    <Dialog opened={opened} onClose={onClose} title={`${model.name}: ${model.status}`} size="xl">
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
              <dd>{nextAttempt(model.failure)}</dd>
            </>
          )}
        </dl>
        {isAdmin && !isExternal(model) && <EngineLog model={model.id} />}
      </div>
    </Dialog>
  );
}

function nextAttempt({ code, retry_at }: Failure): string {
  if (code === 'model_unreachable') return 'As soon as its address answers';
  return retry_at === null ? 'Not before something is changed' : `With the first request after ${formatMoment(Date.parse(retry_at), readerZone(), true)}`;
}
