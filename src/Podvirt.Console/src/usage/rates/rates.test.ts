import { describe, expect, it } from 'vitest';
import type { RateVersion } from '../wire';
import { bodyOf, fieldsOf, problemsOf } from './rateForm';
import { byModel, kindsShown, stateOf } from './rates';

const now = Date.parse('2026-11-26T12:00:00Z');

function rate(version: number, more: Partial<RateVersion> = {}): RateVersion {
  return {
    model: 'm', version, from: '2026-11-01T00:00:00Z', in_force: false, set_at: '2026-11-01T00:00:00Z', set_by: null,
    prompt: '0.10', cached: '0.10', completion: '0.00', embeddings: '0.10', video_second: '0.00', ...more,
  };
}

describe('rates', () => {
  it('are in force, set ahead or earlier', () => {
    const versions = [rate(1), rate(2, { in_force: true }), rate(3, { from: '2027-01-01T00:00:00Z' }), rate(4, { from: '2026-12-01T00:00:00Z' })];
    expect(versions.map((version) => stateOf(version, now))).toEqual(['Earlier', 'In force', 'Set ahead', 'Set ahead']);
    const [free, m] = byModel(versions, ['free', 'm'], now);
    expect(free).toEqual({ model: 'free', versions: [], inForce: null, ahead: [] });
    expect(m?.versions.map(({ version }) => version)).toEqual([4, 3, 2, 1]);
    expect(m?.inForce?.version).toBe(2);
    expect(m?.ahead.map(({ version }) => version)).toEqual([4, 3]);
  });

  it('show the prices that say something', () => {
    const names = (versions: RateVersion[]) => kindsShown(versions).map(({ name }) => name);
    expect(names([rate(1)])).toEqual(['prompt', 'cached']);
    expect(names([rate(1), rate(2, { completion: '0.30', embeddings: '0.00', video_second: '0.05' })])).toEqual([
      'prompt', 'cached', 'completion', 'embeddings', 'video_second',
    ]);
  });
});

describe('a new rate', () => {
  it('is sent as it was written', () => {
    const fields = { ...fieldsOf(rate(2)), prompt: ' 0.123456 ', video_second: '', from: '2026-12-01T00:00', by: ' Ada ' };
    expect(problemsOf(fields, now)).toEqual({});
    expect(bodyOf(fields)).toEqual({ prompt: '0.123456', cached: '0.10', completion: '0.00', embeddings: '0.10', from: '2026-12-01T00:00Z', by: 'Ada' });
  });

  it.each(['-1', '1,5', '0.1234567', '1e-3', 'free'])('is refused for %j', (prompt) => {
    expect(problemsOf({ ...fieldsOf(null), prompt }, now)).toHaveProperty('prompt');
  });

  it('needs a price, and does not begin in the past', () => {
    expect(problemsOf(fieldsOf(null), now)).toHaveProperty('prompt');
    expect(problemsOf({ ...fieldsOf(rate(1)), from: '2026-11-26T11:59' }, now)).toHaveProperty('from');
    expect(problemsOf({ ...fieldsOf(rate(1)), from: '2026-11-26T12:01' }, now)).toEqual({});
  });
});
