import { describe, expect, it } from 'vitest';
import { trialOf } from './tryKey';

describe('trying a key', () => {
  it('counts the models that it may call', () => {
    expect(trialOf(200, { data: [{}, {}] })).toEqual({ works: true, text: 'It works: it may call 2 models.' });
  });

  it('says why it is refused', () => {
    expect(trialOf(401, { error: { message: 'This key is revoked.' } })).toEqual({
      works: false,
      text: 'Refused with 401: This key is revoked.',
    });
    expect(trialOf(502, {}).text).toBe('Refused with 502: the server did not say why.');
  });
});
