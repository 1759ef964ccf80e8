import { formatBytes, formatCount, formatDuration } from '../models/format';
import { formatMoney } from './money';
import type { Scale } from './valueTicks';

/** A figure: a number, or an exact decimal as the API sends money. Null: there was none. */
export type Value = number | string | null;

/** What a chart's figures are and how they are written. */
export interface Quantity {
  /** Stands at the axis and in the table's caption: "Tokens per second". */
  name: string;
  /** In full, for tables and tips. */
  format: (value: number | string) => string;
  /** Short, for the axis. */
  axis: (value: number) => string;
  /** Whether it only comes in whole numbers. */
  whole: boolean;
  /** What its axis is cut by: tens, the clock (milliseconds) or powers of two (bytes). */
  scale: Scale;
}

export const none = '–';

export function formatValue(quantity: Quantity, value: Value | undefined): string {
  return value === null || value === undefined ? none : quantity.format(value);
}

/** 0 · 0.05 · 12 · 3.4k · 1.2M */
export function formatShort(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${trim(value / 1e9)}G`;
  if (size >= 1e6) return `${trim(value / 1e6)}M`;
  if (size >= 1e3) return `${trim(value / 1e3)}k`;
  return trim(value);
}

function trim(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** One decimal below ten, none above: 3.4 · 128 */
export function formatRate(value: number): string {
  if (value === 0) return '0';
  if (value < 0.1) return '< 0.1';
  return value < 10 ? value.toFixed(1) : formatCount(Math.round(value));
}

export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.1) return '< 0.1 %';
  return `${percent < 10 && percent % 1 !== 0 ? percent.toFixed(1) : Math.round(percent)} %`;
}

export function countOf(name: string): Quantity {
  return { name, format: (value) => formatCount(Number(value)), axis: formatShort, whole: true, scale: 'decimal' };
}

export function rateOf(name: string): Quantity {
  return { name, format: (value) => formatRate(Number(value)), axis: formatShort, whole: false, scale: 'decimal' };
}

/** Milliseconds. */
export function durationOf(name: string): Quantity {
  return { name, format: (value) => formatDuration(Number(value)), axis: formatShortDuration, whole: false, scale: 'clock' };
}

/** Exact decimals in US dollars. */
export function moneyOf(name: string): Quantity {
  return { name, format: (value) => formatMoney(String(value)), axis: (value) => `$${formatShort(value)}`, whole: false, scale: 'decimal' };
}

export function bytesOf(name: string): Quantity {
  return { name, format: (value) => formatBytes(Number(value)), axis: (value) => unbroken(formatBytes(value)), whole: false, scale: 'binary' };
}

function formatShortDuration(ms: number): string {
  if (ms === 0) return '0';
  const [value, unit] = ms < 1000 ? [ms, 'ms'] : ms < 60_000 ? [ms / 1000, 's'] : ms < 3_600_000 ? [ms / 60_000, 'min'] : [ms / 3_600_000, 'h'];
  return unbroken(`${trim(value)} ${unit}`);
}

/** An axis breaks its words at spaces where it is narrow. */
function unbroken(text: string): string {
  return text.replaceAll(' ', '\u00a0');
}
