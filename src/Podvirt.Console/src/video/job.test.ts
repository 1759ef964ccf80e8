import { describe, expect, it } from 'vitest';
import type { ModelView } from '../models/model';
import { aspectOf, jobLine, lengthWords, recordOf, sizeWords, startWords, tookMs, waitsSince } from './job';
import { sampleJob, sampleModel } from './sampleJob';

const line = (job: Parameters<typeof sampleJob>, change: Partial<ModelView> = {}) => jobLine(sampleJob(...job), { ...sampleModel, ...change }, 3_000);

describe('what a video waits for', () => {
  it('is the phase of the warm-up, with its estimate', () => {
    const warm_up = { phase: 'weights', elapsed_ms: 2_000, eta_ms: 5_000 };
    expect(line([], { status: 'Warming Up', warm_up })).toBe('Warming up: loading weights · 2 s · about 5 s to go');
    expect(line([{}, { phase: 'compile', eta_ms: null }])).toBe('Warming up: compiling kernels · 3 s');
  });

  it('is a place, where the model is there', () => {
    expect(line([{}, { phase: 'weights', eta_ms: 4_000 }], { status: 'Active' })).toBe('Waiting for a free place · 3 s · about 4 s to go');
    expect(line([], { status: 'Failed' })).toBe('The model failed and is being retried · 3 s');
  });

  it('is the engine, once that has it', () => {
    const warm_up = { phase: 'weights', elapsed_ms: 2_000, eta_ms: 5_000 };
    expect(line([{ status: 'in_progress' }, { eta_ms: 7_000 }], { warm_up })).toBe('The engine makes the video · 3 s · about 7 s to go');
  });

  it('counts from where that wait began', () => {
    expect(waitsSince(sampleJob())).toBe(1_795_000_000_000);
    expect(waitsSince(sampleJob({ status: 'in_progress' }, { started_at: 1_795_000_009 }))).toBe(1_795_000_009_000);
    expect(waitsSince(sampleJob({ status: 'in_progress' }))).toBe(1_795_000_000_000);
  });
});

describe('a video in words', () => {
  it('says how its model was found', () => {
    expect(startWords(sampleJob({}, { cold_start: true, queued_ms: 12_300 }).podvirt)).toBe('Cold, after 12 s');
    expect(startWords(sampleJob({}, { queued_ms: 40 }).podvirt)).toBe('Warm');
  });

  it.each([
    ['4', '4 s'],
    ['4.000000', '4 s'],
    ['2.500000', '2.5 s'],
    ['10', '10 s'],
    ['0.062500', '0.0625 s'],
  ])('has a length of %s: %s', (seconds, words) => expect(lengthWords(seconds)).toBe(words));

  it('has a size and a shape', () => {
    expect(sizeWords('1280x720')).toBe('1280 × 720');
    expect(aspectOf('1280x720')).toBe('1280 / 720');
    expect(aspectOf(null)).toBeNull();
    expect(aspectOf('auto')).toBeNull();
  });

  it('took from its creation to its end', () => {
    expect(tookMs(sampleJob({ completed_at: 1_795_000_012 }))).toBe(12_000);
    expect(tookMs(sampleJob())).toBeNull();
  });

  it('has its usage record under its own id', () => {
    expect(recordOf(sampleJob({ id: 'video_019ac1de3b7f7c0f8a1b2c3d4e5f6071' }))).toBe('019ac1de-3b7f-7c0f-8a1b-2c3d4e5f6071');
  });
});
