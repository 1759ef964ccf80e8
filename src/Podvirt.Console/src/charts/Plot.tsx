import { useElementSize, useReducedMotion } from '@mantine/hooks';
import { Area, Bar, CartesianGrid, ComposedChart, Line, ReferenceLine, Tooltip, XAxis, YAxis } from 'recharts';
import { isLonely, labelledMarks, lookOf, pointsOf, spanOf, type ChartData, type Point } from './chart';
import { PlotTip } from './PlotTip';
import { dayMs, readerZone } from './time';
import { formatTick, timeTicks } from './timeTicks';
import { highest, valueTicks } from './valueTicks';
import classes from './Plot.module.css';

export const plotHeightPx = 216;
const rightPx = 12;
/** Of one character beside the axis, on average, and of what stands between it and the picture. */
const characterPx = 6.8;
const besidePx = 12;
/** The least distance of two ticks, and of two marks that both have words. */
const tickPx = 76;
const markPx = 30;

/** The picture of a chart. It is one image to a screen reader; the table beside it has the figures. */
export default function Plot({ data }: { data: ChartData }) {
  const { ref, width } = useElementSize();
  return (
    <div ref={ref} className={classes.plot} role="img" aria-label={data.label} style={{ height: plotHeightPx }}>
      {width > 0 && <Drawing data={data} width={width} />}
    </div>
  );
}

function Drawing({ data, width }: { data: ChartData; width: number }) {
  const still = useReducedMotion();
  const { kind, quantity, series, step, marks = [], zone = readerZone() } = data;
  const points = pointsOf(data);
  const [from, to] = spanOf(data);
  const values = valueTicks(highest(data), quantity.scale, quantity.whole);
  const axisPx = Math.ceil(Math.max(...values.map((value) => quantity.axis(value).length)) * characterPx) + besidePx;
  const inner = Math.max(1, width - axisPx - rightPx);
  const ticks = timeTicks(from, to, zone, Math.max(2, Math.floor(inner / tickPx)));
  const labelled = labelledMarks(marks, from, to, inner, markPx);
  const bars = kind === 'bars' || kind === 'stacked-bars';

  return (
    <ComposedChart
      width={width}
      height={plotHeightPx}
      data={points}
      margin={{ top: marks.length > 0 ? 20 : 10, right: rightPx, bottom: 0, left: 0 }}
      accessibilityLayer={false}
      barCategoryGap="12%"
    >
      <CartesianGrid vertical={false} stroke="var(--line)" />
      <XAxis
        dataKey="x"
        type="number"
        scale="time"
        domain={[from, to]}
        ticks={ticks}
        interval={0}
        tickFormatter={(at: number) => formatTick(at, zone, step >= dayMs)}
        tick={{ fill: 'var(--mantine-color-dimmed)', fontSize: 12 }}
        tickLine={false}
        axisLine={{ stroke: 'var(--line-strong)' }}
        height={26}
      />
      <YAxis
        width={axisPx}
        domain={[0, values.at(-1)!]}
        ticks={values}
        interval={0}
        tickFormatter={quantity.axis}
        tick={{ fill: 'var(--mantine-color-dimmed)', fontSize: 12 }}
        tickLine={false}
        axisLine={false}
      />
      <Tooltip
        isAnimationActive={still !== true}
        animationDuration={120}
        cursor={bars ? { fill: 'var(--raised)' } : { stroke: 'var(--line-strong)' }}
        content={({ active, payload }) => {
          const point = payload[0]?.payload as Point | undefined;
          return active && point !== undefined ? <PlotTip data={data} row={point.row} zone={zone} /> : null;
        }}
      />
      {series.map(({ key, look }, place) => {
        const { color, dashes } = lookOf(look ?? place);
        const dataKey = `s${place}`;
        const shared = { dataKey, name: key, isAnimationActive: false } as const;
        if (bars) return <Bar key={key} {...shared} fill={color} stackId={kind === 'stacked-bars' ? 'all' : dataKey} maxBarSize={36} />;
        const dot = ({ cx, cy, index }: { cx?: number; cy?: number; index?: number }) =>
          isLonely(points, dataKey, index ?? 0) ? <circle key={index} cx={cx} cy={cy} r={3} fill={color} /> : <g key={index} />;
        const line = { ...shared, type: 'linear', stroke: color, strokeWidth: 2, strokeDasharray: dashes, dot, activeDot: { r: 4 } } as const;
        return kind === 'area' ? <Area key={key} {...line} fill={color} fillOpacity={0.14} /> : <Line key={key} {...line} />;
      })}
      {marks.map((mark) => (
        <ReferenceLine
          key={`${mark.at} ${mark.label}`}
          x={mark.at}
          stroke="var(--mantine-color-text)"
          strokeDasharray="3 3"
          strokeOpacity={0.65}
          {...(labelled.has(mark)
            ? { label: { value: mark.short, position: 'top' as const, fontSize: 12, fontWeight: 600, fill: 'var(--mantine-color-text)' } }
            : {})}
        />
      ))}
    </ComposedChart>
  );
}
