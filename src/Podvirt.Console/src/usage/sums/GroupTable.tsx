import { Button } from '@mantine/core';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { DataTable } from '../../charts/DataTable';
import { formatShare } from '../../charts/quantity';
import { formatCount } from '../../models/format';
import { groupLabel, usageBy, viewFrom, viewOfRow, withView, type Group } from '../filters/filters';
import { rowLabel, type Names } from '../filters/names';
import { Money } from '../Money';
import { formatMicros } from '../time';
import type { UsageReport, UsageRow } from '../wire';
import { bySize, notCompleted, shareOf, type Measure } from './measure';
import classes from './SumsPage.module.css';

interface GroupTableProps {
  report: UsageReport;
  group: Group;
  measure: Measure;
  names: Names;
}

const rowsFirst = 200;

/** Every group with its figures, and the total of the same answer. A row leads to its records. */
export function GroupTable({ report, group, measure, names }: GroupTableProps) {
  const [all, setAll] = useState(false);
  const sorted = group === 'day' || group === 'hour' ? [...report.data].reverse() : bySize(report.data, measure);
  const shown = all ? sorted : sorted.slice(0, rowsFirst);
  const hasVideo = report.total.video_us > 0;
  const figures = (row: UsageRow) => [
    <Money key="cost" amount={row.cost} />,
    formatShare(shareOf(row, report.total, measure)),
    formatCount(row.requests),
    formatCount(row.prompt_tokens),
    formatCount(row.cached_tokens),
    formatCount(row.completion_tokens),
    formatCount(row.reasoning_tokens),
    ...(hasVideo ? [formatMicros(row.video_us)] : []),
    formatCount(notCompleted(row)),
  ];
  return (
    <div className={classes.rows}>
      <DataTable
        caption={usageBy(group)}
        columns={[
          { key: 'group', label: groupLabel(group) },
          { key: 'cost', label: 'Cost', numeric: true },
          { key: 'share', label: `% of ${measure}`, numeric: true },
          { key: 'requests', label: 'Requests', numeric: true },
          { key: 'prompt', label: 'Prompt', numeric: true },
          { key: 'cached', label: 'Cached', numeric: true },
          { key: 'completion', label: 'Completion', numeric: true },
          { key: 'reasoning', label: 'Reasoning', numeric: true },
          ...(hasVideo ? [{ key: 'video', label: 'Video', numeric: true }] : []),
          { key: 'unfinished', label: 'Not completed', numeric: true },
        ]}
        rows={shown.map((row) => ({
          key: row.group,
          cells: [<RowName key="name" report={report} group={group} row={row} names={names} />, ...figures(row)],
        }))}
        foot={['Total', ...figures(report.total)]}
      />
      {shown.length < sorted.length && (
        <Button mt="sm" size="xs" variant="default" onClick={() => setAll(true)}>
          Show all {formatCount(sorted.length)} rows
        </Button>
      )}
    </div>
  );
}

function RowName({ report, group, row, names }: { report: UsageReport; group: Group; row: UsageRow; names: Names }) {
  const [params] = useSearchParams();
  const label = rowLabel(group, row.group, names);
  const view = viewOfRow(viewFrom(params), report, group, row.group);
  const search = view === null ? projectSearch(params, row.group) : withView(params, view);
  return (
    <>
      <Link className={classes.name} to={{ pathname: 'requests', search: search.toString() }}>
        {label}
      </Link>
      {(group === 'key' || group === 'project') && row.group !== '' && row.group !== label && <span className={classes.id}>{row.group}</span>}
    </>
  );
}

function projectSearch(params: URLSearchParams, project: string): URLSearchParams {
  const next = new URLSearchParams(params);
  next.set('project', project);
  return next;
}
