import { DataTable } from '../../charts/DataTable';
import { formatShare } from '../../charts/quantity';
import { formatExactMs, formatMicros } from '../time';
import type { RequestPhase } from '../wire';
import { billedTime, drawn, phaseLabel, phaseWords } from './phases';
import classes from './Waterfall.module.css';

/** Where a request's time went, to scale. What is on the bill is solid, what is not is hatched, and the table says it in words. */
export function Waterfall({ phases, durationUs }: { phases: readonly RequestPhase[]; durationUs: number }) {
  const { billedUs, unbilledUs } = billedTime(phases);
  return (
    <>
      <ul className={classes.legend} aria-label="Billed and not billed">
        <li>
          <span className={classes.sample} data-billed={true} />
          {formatMicros(billedUs)} billed, by tokens
        </li>
        <li>
          <span className={classes.sample} data-billed={false} />
          {formatMicros(unbilledUs)} not billed
        </li>
      </ul>
      <div className={classes.waterfall} role="img" aria-label="Where the time of this request went, to scale">
        {drawn(phases).map(({ phase, left, width }) => (
          <Line key={phase.name} phase={phase} left={left} width={width} />
        ))}
      </div>
      <DataTable
        caption="Phases of this request"
        columns={[
          { key: 'phase', label: 'Phase' },
          { key: 'billed', label: 'Billed', short: true },
          { key: 'duration', label: 'Takes', numeric: true },
          { key: 'share', label: 'Of the time', numeric: true },
          { key: 'start', label: 'Starts at', numeric: true },
        ]}
        rows={phases.map((phase) => ({
          key: phase.name,
          cells: [
            <div key="phase">
              {phaseLabel(phase.name)}
              <span className={classes.words}>{phaseWords(phase.name)}</span>
            </div>,
            phase.billed ? 'Billed' : 'Not billed',
            formatExactMs(phase.duration_us),
            formatShare(durationUs === 0 ? 0 : phase.duration_us / durationUs),
            formatExactMs(phase.start_us),
          ],
        }))}
      />
    </>
  );
}

function Line({ phase, left, width }: { phase: RequestPhase; left: number; width: number }) {
  return (
    <>
      <span>{phaseLabel(phase.name)}</span>
      <div className={classes.track}>
        <div
          className={classes.bar}
          data-phase={phase.name}
          data-billed={phase.billed}
          style={{ left: `min(${left}%, calc(100% - 2px))`, width: `${width}%` }}
        />
      </div>
      <span className="tabular">{formatMicros(phase.duration_us)}</span>
    </>
  );
}
