import { usageFigures, usagePercent, usageTone, usageWord } from './usage';
import classes from './UsageBar.module.css';

interface UsageBarProps {
  /** The bar's name for screen readers. */
  label: string;
  used: number;
  limit: number | null;
  unit?: string;
  /** Both in words, where they are more than counts. */
  figures?: string;
}

/** How much of a limit is used: a bar, its figures and its state in words. Without a limit the figure alone. */
export function UsageBar({ label, used, limit, unit, figures = usageFigures(used, limit, unit) }: UsageBarProps) {
  if (limit === null) {
    return (
      <p className={`${classes.line} tabular`}>
        <span>
          <span className="visually-hidden">{label}: </span>
          {figures}
        </span>
        <span className={classes.word}>No limit</span>
      </p>
    );
  }
  const percent = usagePercent(used, limit);
  return (
    <div className={classes.usage} data-tone={usageTone(used, limit)}>
      <p className={`${classes.line} tabular`} aria-hidden="true">
        <span>{figures}</span>
        <span className={classes.word}>
          {usageWord(used, limit)} · {percent} %
        </span>
      </p>
      <div
        className={classes.track}
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.min(100, percent)}
        aria-valuetext={`${figures}, ${percent} %: ${usageWord(used, limit)}`}
      >
        {used > 0 && <div className={classes.fill} style={{ width: `${Math.min(100, percent)}%` }} />}
      </div>
    </div>
  );
}
