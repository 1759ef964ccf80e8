import { describe, expect, it } from 'vitest';
import { formatAgo, formatMoment, formatStep, hourMs, dayMs, minuteMs, zoneLabel } from './time';
import { formatTick, timeTicks } from './timeTicks';

const at = (text: string) => Date.parse(text);
const clocks = (ticks: number[], zone: string) => ticks.map((tick) => formatTick(tick, zone, false));

describe('times', () => {
  it('tells the hour after summer time apart from the one before', () => {
    expect(formatMoment(at('2026-10-25T00:30:00Z'), 'Europe/Berlin')).toBe('25 Oct 2026, 02:30 UTC+2');
    expect(formatMoment(at('2026-10-25T01:30:00Z'), 'Europe/Berlin')).toBe('25 Oct 2026, 02:30 UTC+1');
    expect(formatMoment(at('2026-10-25T01:30:07.9Z'), 'Europe/Berlin', true)).toBe('25 Oct 2026, 02:30:07 UTC+1');
  });

  it('shows the hours of UTC as they are in zones that are half an hour off', () => {
    expect(formatStep(at('2026-11-26T08:00:00Z'), hourMs, 'Asia/Kolkata')).toBe('26 Nov, 13:30 to 14:30 UTC+5:30');
  });

  it('shows a step of a day by its date alone', () => {
    expect(formatStep(at('2026-11-26T00:00:00Z'), dayMs, 'UTC')).toBe('26 Nov 2026');
  });

  it.each([
    ['UTC', 'UTC'],
    ['Europe/Berlin', 'Europe/Berlin (UTC+1)'],
    ['America/St_Johns', 'America/St_Johns (UTC−3:30)'],
  ])('names the zone %s', (zone, label) => expect(zoneLabel(zone, at('2026-11-26T08:00:00Z'))).toBe(label));

  it.each([
    [1_200, 'just now'],
    [12_000, '12 s ago'],
    [150_000, '2 min ago'],
    [7_300_000, '2 h ago'],
    [200_000_000, '2 d ago'],
  ])('tells %d ms as %s', (ms, text) => expect(formatAgo(ms)).toBe(text));
});

describe('ticks', () => {
  it('stand at round times of the zone and not of UTC', () => {
    const from = at('2026-11-26T06:00:00Z');
    expect(clocks(timeTicks(from, from + 24 * hourMs, 'Asia/Kolkata', 8), 'Asia/Kolkata')).toEqual(['12:00', '15:00', '18:00', '21:00', '27 Nov', '03:00', '06:00', '09:00']);
    expect(clocks(timeTicks(from, from + hourMs, 'UTC', 4), 'UTC')).toEqual(['06:00', '06:15', '06:30', '06:45', '07:00'].slice(0, 5));
  });

  it('keep to the clock across both ends of summer time', () => {
    const spring = timeTicks(at('2026-03-28T18:00:00Z'), at('2026-03-29T17:00:00Z'), 'Europe/Berlin', 12);
    expect(clocks(spring, 'Europe/Berlin')).toEqual(['20:00', '22:00', '29 Mar', '03:00', '04:00', '06:00', '08:00', '10:00', '12:00', '14:00', '16:00', '18:00']);
    const autumn = timeTicks(at('2026-10-24T18:00:00Z'), at('2026-10-25T18:00:00Z'), 'Europe/Berlin', 12);
    expect(clocks(autumn, 'Europe/Berlin')).toEqual(['20:00', '22:00', '25 Oct', '02:00', '04:00', '06:00', '08:00', '10:00', '12:00', '14:00', '16:00', '18:00']);
    expect(new Set(autumn).size).toBe(autumn.length);
  });

  it('show the hour that comes twice as two hours where there is a tick an hour', () => {
    const ticks = timeTicks(at('2026-10-24T23:00:00Z'), at('2026-10-25T03:00:00Z'), 'Europe/Berlin', 5);
    expect(clocks(ticks, 'Europe/Berlin')).toEqual(['01:00', '02:00', '02:00', '03:00', '04:00']);
  });

  it('begin a day where its midnight does not exist', () => {
    const from = at('2018-11-02T03:00:00Z');
    const ticks = timeTicks(from, from + 4 * dayMs, 'America/Sao_Paulo', 5);
    expect(ticks.map((tick) => formatTick(tick, 'America/Sao_Paulo', true))).toEqual(['2 Nov', '3 Nov', '4 Nov', '5 Nov', '6 Nov']);
    expect(ticks[2]).toBe(at('2018-11-04T03:00:00Z'));
  });

  it('are no more than there is room for', () => {
    for (const span of [20 * minuteMs, 7 * hourMs, 9 * dayMs, 200 * dayMs]) {
      for (const most of [2, 4, 9]) {
        const from = at('2026-05-05T05:05:05Z');
        expect(timeTicks(from, from + span, 'Europe/Berlin', most).length).toBeLessThanOrEqual(most + 1);
      }
    }
  });
});
