import { Panel } from '../../charts/Panel';
import { useModels } from '../../live/ModelFeed';
import { UsageBar } from '../../models/UsageBar';
import { TokenUsageBar } from '../../models/TokenUsageBar';
import { useProjectUsage, type ModelUsage } from '../../projects/usage';
import { formatMonth } from '../time';
import classes from './PlanUse.module.css';

/** What a project used this month of what its plan allows, by model. Whatever the filters above are, plans count whole months. */
export function PlanUse({ project }: { project: string }) {
  const usage = useProjectUsage(project);
  const models = useModels().data;
  const data = usage.data;
  const isVideo = (use: ModelUsage) => models?.find(({ id }) => id === use.model)?.type === 'video-generation' || (use.video_used > 0 && use.used === 0);
  return (
    <Panel title="This month's plan" note={data === undefined ? undefined : `${data.plan}, ${formatMonth(data.from.slice(0, 7))} (UTC)`} query={usage}>
      {data !== undefined && (
        <ul className={classes.models}>
          {data.models.map((model) => (
            <li key={model.model}>
              <p className={classes.name}>{model.model}</p>
              {isVideo(model) ? (
                <UsageBar label={`Seconds of ${model.model} this month`} used={model.video_used} limit={model.video_limit} unit=" seconds" />
              ) : (
                <TokenUsageBar of={model.model} used={model.used} limit={model.limit} />
              )}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
