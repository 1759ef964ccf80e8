import { formatCount, formatDuration } from '../models/format';
import type { Answer } from './conversation';

/** Tokens per second from the first token on; null where there is too little to divide. */
export function tokensPerSecond(answer: Answer): number | null {
  if (answer.usage === null || answer.firstTokenMs === null || answer.durationMs === null) return null;
  const seconds = (answer.durationMs - answer.firstTokenMs) / 1000;
  // The first token marks the start of the clock, so it is not one of those produced within it.
  const tokens = answer.usage.completion - 1;
  return tokens < 1 || seconds < 0.01 ? null : tokens / seconds;
}

/** The line under an answer, one entry per fact that is known. */
export function answerFigures(answer: Answer): string[] {
  const figures: string[] = [];
  if (answer.firstTokenMs !== null) {
    const waited = answer.parkedMs !== null && answer.parkedMs >= 100 ? ` (${formatDuration(answer.parkedMs)} waiting for the model)` : '';
    figures.push(`First token ${formatDuration(answer.firstTokenMs)}${waited}`);
  }
  const speed = tokensPerSecond(answer);
  if (speed !== null) figures.push(`${speed < 10 ? speed.toFixed(1) : formatCount(Math.round(speed))} tokens/s`);
  if (answer.usage !== null) {
    const { prompt, cached, completion } = answer.usage;
    const reused = cached !== null && cached > 0 ? ` (${formatCount(cached)} cached)` : '';
    figures.push(`${formatCount(prompt)} prompt${reused} + ${formatCount(completion)} completion tokens`);
  }
  if (answer.durationMs !== null && answer.firstTokenMs !== null) figures.push(`${formatDuration(answer.durationMs)} in all`);
  return figures;
}

/** What to say of an answer that the user stopped. */
export function stoppedNote(answer: Answer): string {
  if (answer.firstTokenMs === null) return 'Stopped before the first token.';
  if (answer.usage === null) return 'Stopped. The engine had not reported a token count yet.';
  const tokens = answer.usage.completion;
  return `Stopped after ${formatCount(tokens)} ${tokens === 1 ? 'token' : 'tokens'}.`;
}
