import { Button, NativeSelect, SegmentedControl } from '@mantine/core';
import { useSearchParams } from 'react-router';
import { Panel, type EmptyNotice } from '../../charts/Panel';
import { useChangeParams } from '../../shell/useChangeParams';
import { useDocumentTitle } from '../../shell/useDocumentTitle';
import { useAsk } from '../ask';
import { FilterBar } from '../filters/FilterBar';
import { callParams, csvAddress, groupFrom, groups, isFiltering, noFilters, usageBy, viewFrom, withView, type Group } from '../filters/filters';
import { useNames, type Names } from '../filters/names';
import { useScope, type Scope } from '../filters/scope';
import { Refresh } from '../Refresh';
import { formatTime, formatUtc } from '../time';
import type { UsageReport } from '../wire';
import { GroupChart } from './GroupChart';
import { GroupTable } from './GroupTable';
import { measureFrom, measures } from './measure';
import { PlanUse } from './PlanUse';
import { Totals } from './Totals';
import classes from './SumsPage.module.css';

/** Sums of a time by a group: figures, picture and table of one answer. */
export function SumsPage() {
  useDocumentTitle('Usage');
  const [params] = useSearchParams();
  const changeParams = useChangeParams();
  const scope = useScope();
  const names = useNames(scope.project);
  const view = viewFrom(params);
  const group = groupFrom(params);
  const report = useAsk<UsageReport>(['sums', scope.project, group, view], () => {
    const call = callParams(view, scope.project, new Date());
    call.set('group', group);
    return `/api/usage?${call}`;
  });

  const empty: EmptyNotice | null =
    report.data?.total.requests === 0
      ? isFiltering(view.filters)
        ? { title: 'No request matches', text: period(report.data), action: { label: 'Clear the filters', run: () => changeParams((current) => withView(current, { ...viewFrom(current), filters: noFilters })) } }
        : { title: 'Nothing was used in this time', text: period(report.data), action: { label: 'Choose a model to call', to: '/inference/serverless' } }
      : null;

  return (
    <>
      <FilterBar scope={scope} names={names} />
      <Panel
        title={usageBy(group)}
        note={<Refresh query={report} />}
        query={report}
        empty={empty}
        loadingHeightPx={420}
        action={
          report.data !== undefined && (
            <Button component="a" href={csvAddress(report.data, view.filters, scope.project)} download size="compact-sm" variant="default">
              Download its requests as CSV
            </Button>
          )
        }
      >
        {report.data !== undefined && <Content report={report.data} group={group} scope={scope} names={names} />}
      </Panel>
      {scope.project !== null && <PlanUse project={scope.project} />}
    </>
  );
}

function Content({ report, group, scope, names }: { report: UsageReport; group: Group; scope: Scope; names: Names }) {
  const [params] = useSearchParams();
  const changeParams = useChangeParams();
  const measure = measureFrom(params);
  const set = (name: string, value: string) =>
    changeParams((current) => {
      const next = new URLSearchParams(current);
      next.set(name, value);
      return next;
    });
  return (
    <>
      <Totals total={report.total} />
      <p className={classes.note}>{period(report)}</p>
      <div className={classes.choices}>
        <NativeSelect
          size="xs"
          label="Group by"
          value={group}
          onChange={(event) => set('group', event.currentTarget.value)}
          data={groups.filter(({ value }) => value !== 'project' || scope.project === null || group === 'project').map(({ value, label }) => ({ value, label }))}
        />
        <SegmentedControl size="xs" aria-label="What the bars show" value={measure} onChange={(value) => set('show', value)} data={[...measures]} />
      </div>
      <GroupChart report={report} group={group} measure={measure} names={names} />
      <GroupTable report={report} group={group} measure={measure} names={names} />
    </>
  );
}

/** The time that was summed, by the clock that cuts days and by the reader's. */
function period({ from, to }: UsageReport): string {
  const [utc, own] = [`${formatUtc(from)} to ${formatUtc(to)}`, `${formatTime(from)} to ${formatTime(to)}`];
  return utc === own ? `${utc}.` : `${utc}. By your clock: ${own}.`;
}
