import { formatDuration } from './format';
import { isExternal, type ModelView } from './model';
import { warmUpLine } from './warmUp';

/** What the first `what` (a message, a video) will meet, so that a wait is no surprise. `does` is what an active model does with it. */
export function readiness(model: ModelView, what: string, does: string): string {
  const last = model.startup_duration_ms === null ? '' : ` The last start-up took ${formatDuration(model.startup_duration_ms)}.`;
  if (model.warm_up !== null) return warmUpLine(model.warm_up);
  switch (model.status) {
    case 'Active':
      return isExternal(model) ? `Served by an external engine. It ${does} at once.` : `The model is active and ${does} at once.`;
    case 'Sleeping':
      return `The model sleeps. The first ${what} wakes it up.`;
    case 'Failed':
      return `The model failed: ${model.reason ?? 'the server gave no reason.'}`;
    case 'Cold':
      return `The model is cold. The first ${what} starts it.${last}`;
    default:
      return `The model is ${model.status.toLowerCase()}.`;
  }
}
