import type { RequestPhase } from '../wire';

/** What a request did in each phase. */
const words: Record<string, string> = {
  queue: 'on its way, before and after it waited',
  wake: 'waited for a replica to start or wake',
  slot: 'waited for room on a replica',
  prefill: 'the engine read the prompt, until the first token',
  decode: 'the engine wrote the answer',
  answer: 'the engine worked on the answer',
};

export function phaseWords(name: string): string {
  return words[name] ?? '';
}

export function phaseLabel(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

export interface DrawnPhase {
  phase: RequestPhase;
  /** Where it begins and how long it is, in per cent of the whole. */
  left: number;
  width: number;
}

/** To scale: the last phase ends at 100. Nothing where a request took no time at all. */
export function drawn(phases: readonly RequestPhase[]): DrawnPhase[] {
  const end = Math.max(0, ...phases.map((phase) => phase.start_us + phase.duration_us));
  if (end === 0) return [];
  return phases.map((phase) => ({ phase, left: (phase.start_us / end) * 100, width: (phase.duration_us / end) * 100 }));
}

/** How long what is on the bill took, and what is not. */
export function billedTime(phases: readonly RequestPhase[]): { billedUs: number; unbilledUs: number } {
  const sum = (billed: boolean) => phases.filter((phase) => phase.billed === billed).reduce((all, phase) => all + phase.duration_us, 0);
  return { billedUs: sum(true), unbilledUs: sum(false) };
}
