import { describe, expect, it } from 'vitest';
import type { ModelView } from '../models/model';
import type { Wait } from './answer';
import { sampleAnswer } from './sampleAnswer';
import { waitingLine } from './waitingLine';

const model = { status: 'Cold', warm_up: null, waiting: 0 } as unknown as ModelView;
const waiting = (wait: Wait | null, change: Partial<ModelView> = {}, ms = 3_000) =>
  waitingLine(sampleAnswer({ wait }), { ...model, ...change }, ms);

describe('what an answer waits for', () => {
  it('is the phase of the warm-up, with its estimate', () => {
    const warmUp = { phase: 'weights', elapsed_ms: 2_000, eta_ms: 5_000 };
    expect(waiting(null, { warm_up: warmUp })).toBe('Warming up: loading weights · 2 s · about 5 s to go');
    expect(waiting({ kind: 'warming-up', phase: 'compile', eta_ms: null })).toBe('Warming up: compiling kernels · 3 s');
  });

  it('is a place, or the reading of the prompt', () => {
    expect(waiting({ kind: 'queued', phase: null, eta_ms: 4_000 }, { status: 'Active' })).toBe('Waiting for a free place · 3 s · about 4 s to go');
    expect(waiting({ kind: 'prefill', phase: null, eta_ms: null }, { status: 'Active' })).toBe('The model reads the conversation · 3 s');
    expect(waiting(null, { status: 'Active' })).toBe('Waiting for the first token · 3 s');
  });

  it('says at first only that it was sent', () => {
    expect(waiting(null, { status: 'Active' }, 400)).toBe('Sent');
  });
});
