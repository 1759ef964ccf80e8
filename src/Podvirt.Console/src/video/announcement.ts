import type { ModelView } from '../models/model';
import { isUnfinished, jobPhase, type VideoJob } from './job';

/** Longer prompts are better read in the list. */
const longestSpoken = 60;

/** What a screen reader was told of each job, by its id. */
export type Told = ReadonlyMap<string, string>;

/** What a screen reader hears of a job: its states and the phases that it waits for, never every per cent. */
function sentence(job: VideoJob, model: ModelView): string {
  const name = `“${job.prompt.length <= longestSpoken ? job.prompt : `${job.prompt.slice(0, longestSpoken)}…`}”`;
  switch (job.status) {
    case 'queued': {
      const phase = jobPhase(job, model);
      return phase === null ? `${name} is queued` : `${name} waits for the model: ${phase}`;
    }
    case 'in_progress':
      return `${name} is being made`;
    case 'completed':
      return `${name} is ready`;
    case 'failed':
      return `${name} failed. ${job.error?.message ?? ''}`.trim();
  }
}

/**
 * What there is to say now, and what then has been said. The first look at a list says nothing, and neither do finished jobs that
 * come into view with a page of it: nothing happened to them.
 */
export function news(before: Told | null, jobs: readonly VideoJob[], model: ModelView): { told: Told; say: string[] } {
  const told = new Map<string, string>();
  const say: string[] = [];
  for (const job of jobs) {
    const words = sentence(job, model);
    told.set(job.id, words);
    const known = before?.get(job.id);
    if (before !== null && known !== words && (known !== undefined || isUnfinished(job))) say.push(words);
  }
  return { told, say };
}
