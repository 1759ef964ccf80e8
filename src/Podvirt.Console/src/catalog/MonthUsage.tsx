import type { ModelView } from '../models/model';
import { TokenUsageBar } from '../models/TokenUsageBar';
import { UsageBar } from '../models/UsageBar';
import type { ModelUsage } from '../projects/usage';
import classes from './ModelCard.module.css';

/** What the chosen project used of its plan. Nothing while that is not known. */
export function MonthUsage({ model, usage }: { model: ModelView; usage: ModelUsage | null }) {
  if (usage === null) return null;
  return (
    <div className={classes.usage}>
      <span className={classes.unit}>This month</span>
      {model.type === 'video-generation' ? (
        <UsageBar
          label={`Seconds of ${model.name} this month`}
          used={usage.video_used}
          limit={usage.video_limit}
          unit="seconds"
        />
      ) : (
        <TokenUsageBar of={model.name} used={usage.used} limit={usage.limit} />
      )}
    </div>
  );
}
