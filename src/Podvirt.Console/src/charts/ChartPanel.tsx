import { SegmentedControl } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { ChartData } from './chart';
import { Panel, type EmptyNotice, type PanelQuery } from './Panel';
import { TimeChart, type ChartView } from './TimeChart';

interface ChartPanelProps {
  title: string;
  note?: ReactNode;
  query?: PanelQuery | undefined;
  empty?: EmptyNotice | null | undefined;
  /** Null while there is none: the panel then waits. */
  data: ChartData | null;
}

/** A chart with its title, its states, and the switch between picture and table. */
export function ChartPanel({ title, note, query, empty, data }: ChartPanelProps) {
  const [view, setView] = useState<ChartView>('chart');
  const drawn = data !== null && (empty === null || empty === undefined);
  return (
    <Panel
      title={title}
      note={note}
      query={query}
      empty={empty}
      loadingHeightPx={216}
      action={drawn ? <ViewSwitch title={title} view={view} onChange={setView} /> : undefined}
    >
      {data !== null && <TimeChart data={data} view={view} />}
    </Panel>
  );
}

/** Chart or table. */
export function ViewSwitch({ title, view, onChange }: { title: string; view: ChartView; onChange: (view: ChartView) => void }) {
  return (
    <SegmentedControl
      size="xs"
      aria-label={`View of ${title}`}
      value={view}
      onChange={onChange}
      data={[
        { value: 'chart', label: 'Chart' },
        { value: 'table', label: 'Table' },
      ]}
    />
  );
}
