import { describe, expect, it } from 'vitest';
import { formatBytes, formatCount, formatDuration, formatEta, formatGpu, formatPhase, formatPrice, formatSeconds, plural } from './format';
import type { ModelView } from './model';
import { warmUpLine } from './warmUp';

describe('formatting', () => {
  it.each([
    [0, '0 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [2513, '2.5 s'],
    [9_949, '9.9 s'],
    [9_951, '10 s'],
    [59_700, '1 min'],
    [125_000, '2 min 5 s'],
    [3_600_000, '1 h'],
    [3_780_000, '1 h 3 min'],
    [-5, '0 ms'],
  ])('shows %d ms as %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it.each([
    ['0.05', '$0.05'],
    ['0.2', '$0.20'],
    ['3', '$3.00'],
    ['0.000125', '$0.000125'],
    ['1.500000', '$1.50'],
  ])('shows the price %s as %s', (price, text) => expect(formatPrice(price)).toBe(text));

  it('shows bytes in binary units', () => {
    expect(formatBytes(21_474_836_480)).toBe('20 GiB');
    expect(formatBytes(1_610_612_736)).toBe('1.5 GiB');
    expect(formatBytes(512)).toBe('512 B');
  });

  it('counts with separators and the right number', () => {
    expect(formatCount(1234567)).toBe('1,234,567');
    expect(plural(1, 'model')).toBe('1 model');
    expect(plural(0, 'model')).toBe('0 models');
  });

  it('names what a model needs', () => {
    const gpu = { count: 2, type: 'H100', memory_bytes: 85_899_345_920 };
    expect(formatGpu({ engine: 'vllm', gpu } as ModelView)).toBe('2 × H100 · 80 GiB');
    expect(formatGpu({ engine: 'vllm', gpu: { ...gpu, type: null } } as ModelView)).toBe('2 × any GPU · 80 GiB');
    expect(formatGpu({ engine: 'external', gpu: null } as ModelView)).toBe('None here');
  });

  it('tells a warm-up in words', () => {
    expect(warmUpLine({ phase: 'weights', elapsed_ms: 3000, eta_ms: 5200 })).toBe(
      'Warming up: loading weights · 3 s · about 5 s to go',
    );
    expect(warmUpLine({ phase: 'new_phase', elapsed_ms: 61_000, eta_ms: null })).toBe('Warming up: new phase · 1 min 1 s');
    expect(formatEta(0)).toBe('any moment now');
    expect(formatPhase('canary')).toBe('generating a test token');
    expect(formatSeconds(400)).toBe('0 s');
  });
});
