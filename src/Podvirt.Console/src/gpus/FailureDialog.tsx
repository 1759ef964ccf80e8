import { formatMoment, readerZone } from '../charts/time';
import { isExternal, type Failure, type ModelView } from '../models/model';
import { useSession } from '../session/session';
import { Dialog } from '../shell/Dialog';
import { EngineLog } from './EngineLog';
import classes from './FailureDialog.module.css';

interface FailureDialogProps {
  /** Undefined before the first one was looked at. */
  model: ModelView | undefined;
  opened: boolean;
  onClose: () => void;
}

/**
 * Why a model failed, and to admins what its engine wrote. It stays open, and says so, when the model recovers. It is there
 * before it is opened: only so it knows where the focus was.
 */
export function FailureDialog({ model, opened, onClose }: FailureDialogProps) {
  return (
    <Dialog opened={opened && model !== undefined} onClose={onClose} title={model === undefined ? '' : `${model.name}: ${model.status}`} size="xl">
      {model !== undefined && <Content model={model} />}
    </Dialog>
  );
}

function Content({ model }: { model: ModelView }) {
  const isAdmin = useSession().data?.role === 'admin';
  return (
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
  );
}

function nextAttempt({ code, retry_at }: Failure): string {
  if (code === 'model_unreachable') return 'As soon as its address answers';
  return retry_at === null ? 'Not before something is changed' : `With the first request after ${formatMoment(Date.parse(retry_at), readerZone(), true)}`;
}
