import { describe, expect, it } from 'vitest';
import type { Gpu } from './fleet';
import { memoryLayout } from './memory';

const gib = 1024 ** 3;

function gpu(more: Partial<Gpu>): Gpu {
  return {
    id: 'GPU-0', index: 0, node: 'n', type: 'H100', simulated: true, status: 'available', memory_bytes: 80 * gib, reserved_bytes: 0, sleeping_bytes: 0,
    free_bytes: 80 * gib, transition: null, replicas: [], ...more,
  };
}

const asleep = { id: 'b', model: 'sleeper', state: 'sleeping', memory_bytes: 2 * gib };
const awake = { id: 'a', model: 'server', state: 'active', memory_bytes: 38 * gib };

describe('memory of a gpu', () => {
  it('is drawn awake first, then asleep, then free', () => {
    const { stretches, excessBytes } = memoryLayout(gpu({ reserved_bytes: 38 * gib, sleeping_bytes: 2 * gib, replicas: [asleep, awake] }));
    expect(stretches.map(({ use, model, bytes, share }) => [use, model, bytes / gib, share])).toEqual([
      ['awake', 'server', 38, 38 / 80],
      ['asleep', 'sleeper', 2, 2 / 80],
      ['free', null, 40, 40 / 80],
    ]);
    expect(excessBytes).toBe(0);
  });

  it('counts a replica on its way down as awake until it sleeps', () => {
    const { stretches } = memoryLayout(gpu({ reserved_bytes: 38 * gib, replicas: [{ ...awake, state: 'falling_asleep' }] }));
    expect(stretches.map(({ use }) => use)).toEqual(['awake', 'free']);
  });

  it('shows what is held by nobody that is listed', () => {
    const { stretches } = memoryLayout(gpu({ reserved_bytes: 40 * gib, replicas: [awake] }));
    expect(stretches.map(({ use, bytes }) => [use, bytes / gib])).toEqual([['awake', 38], ['unnamed', 2], ['free', 40]]);
  });

  it('fills the drawing exactly where more is held than there is', () => {
    const { stretches, excessBytes } = memoryLayout(gpu({ memory_bytes: 30 * gib, reserved_bytes: 38 * gib, sleeping_bytes: 2 * gib, replicas: [awake, asleep] }));
    expect(stretches.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(excessBytes / gib).toBe(10);
  });

  it('is all free where nothing runs, and nothing where there is no memory', () => {
    expect(memoryLayout(gpu({})).stretches.map(({ use, share }) => [use, share])).toEqual([['free', 1]]);
    expect(memoryLayout(gpu({ memory_bytes: 0, free_bytes: 0 })).stretches).toEqual([]);
  });
});
