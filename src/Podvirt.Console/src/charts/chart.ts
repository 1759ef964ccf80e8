import type { Quantity, Value } from './quantity';

/** One line, or one colour of the bars. */
export interface Series {
  key: string;
  label: string;
  /** Which look it has; its place among the series unless said. */
  look?: number;
}

/** One step of time with a figure for every series: what is drawn and what stands in the table. */
export interface Row {
  /** The step's start, in milliseconds since 1970. */
  at: number;
  values: Readonly<Record<string, Value>>;
}

/** A moment that is drawn as an upright line. */
export interface Mark {
  at: number;
  /** At the line: "r3". */
  short: string;
  /** In the list below and in the table: "qwen3-8b: revision 2 to 3". */
  label: string;
  /** The moment in words, where it is not known to the minute. */
  when?: string;
}

export type ChartKind = 'line' | 'area' | 'bars' | 'stacked-bars';

export interface ChartData {
  /** What the picture is called for those who do not see it: "Requests per minute, last hour". */
  label: string;
  kind: ChartKind;
  quantity: Quantity;
  series: readonly Series[];
  rows: readonly Row[];
  marks?: readonly Mark[];
  /** False where the page says elsewhere, in words, what the marks are. */
  marksListed?: boolean;
  /** The length of a step in milliseconds. */
  step: number;
  /** The zone of the times; the reader's unless said. Steps of days are UTC's days, so they are shown in UTC. */
  zone?: string;
}

/** The colours repeat after this many; global.css has them. */
const colors = 8;
const dashes = ['0', '6 3', '2 3', '9 3 2 3'];

/** How the series at a place is drawn. Dashes differ too, so that colour carries nothing alone. */
export function lookOf(place: number): { color: string; dashes: string } {
  return { color: `var(--series-${(place % colors) + 1})`, dashes: dashes[place % dashes.length]! };
}

/** What a drawn point needs: the middle of its step, so that a bar fills its step and a line runs through the middles. */
export interface Point {
  x: number;
  row: Row;
  [series: string]: number | null | Row;
}

export function pointsOf({ rows, series, step }: Pick<ChartData, 'rows' | 'series' | 'step'>): Point[] {
  return rows.map((row) => {
    const point: Point = { x: row.at + step / 2, row };
    series.forEach(({ key }, place) => {
      const value = row.values[key];
      point[`s${place}`] = value === null || value === undefined ? null : Number(value);
    });
    return point;
  });
}

/** The time that a chart spans: whole steps. */
export function spanOf({ rows, step }: Pick<ChartData, 'rows' | 'step'>): [from: number, to: number] {
  const first = rows[0];
  const last = rows.at(-1);
  return first === undefined || last === undefined ? [0, 0] : [first.at, last.at + step];
}

/** A point with no neighbour: a line does not show it, so it gets a dot. */
export function isLonely(points: readonly Point[], key: string, place: number): boolean {
  const has = (at: number) => typeof points[at]?.[key] === 'number';
  return has(place) && !has(place - 1) && !has(place + 1);
}

/** The marks whose step a row is. */
export function marksIn(row: Row, step: number, marks: readonly Mark[]): Mark[] {
  return marks.filter(({ at }) => at >= row.at && at < row.at + step);
}

/** Which marks have room for their words: those at least `apartPx` behind the last one that has them. */
export function labelledMarks(marks: readonly Mark[], from: number, to: number, widthPx: number, apartPx: number): Set<Mark> {
  const labelled = new Set<Mark>();
  let last = -Infinity;
  for (const mark of [...marks].sort((a, b) => a.at - b.at)) {
    const x = ((mark.at - from) / (to - from)) * widthPx;
    if (x - last >= apartPx) {
      labelled.add(mark);
      last = x;
    }
  }
  return labelled;
}
