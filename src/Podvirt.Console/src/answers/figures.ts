import { formatCount, formatDuration, formatPrice } from '../models/format';
import { isRunning, type Answer, type Tokens } from './answer';

/** Tokens per second from the first token on; null where there is too little to divide. */
export function tokensPerSecond(answer: Answer): number | null {
  if (answer.usage === null || answer.first_token_ms === null || answer.duration_ms === null) return null;
  const seconds = (answer.duration_ms - answer.first_token_ms) / 1000;
  // The first token marks the start of the clock, so it is not one of those produced within it.
  const tokens = answer.usage.completion - 1;
  return tokens < 1 || seconds < 0.01 ? null : tokens / seconds;
}

export function formatSpeed(speed: number): string {
  return `${speed < 10 ? speed.toFixed(1) : formatCount(Math.round(speed))} tokens/s`;
}

/** The line under an answer, one entry per fact that is known. */
export function answerFigures(answer: Answer): string[] {
  const figures: string[] = [];
  if (answer.first_token_ms !== null) {
    const waited = answer.parked_ms !== null && answer.parked_ms >= 100 ? ` (${formatDuration(answer.parked_ms)} waiting for the model)` : '';
    figures.push(`First token ${formatDuration(answer.first_token_ms)}${waited}`);
  }
  const speed = tokensPerSecond(answer);
  if (speed !== null) figures.push(formatSpeed(speed));
  const tokens = answer.billed ?? answer.usage;
  if (tokens !== null) figures.push(tokensLine(tokens));
  if (answer.billed?.cost != null) figures.push(formatPrice(answer.billed.cost));
  if (answer.duration_ms !== null && answer.first_token_ms !== null) figures.push(`${formatDuration(answer.duration_ms)} in all`);
  if (answer.replica !== null) figures.push(`Replica ${shortened(answer.replica)}${answer.affinity === null ? '' : ` (${affinityWords[answer.affinity]})`}`);
  return figures;
}

/** Ids begin with their time; it is the end that tells them apart. */
function shortened(id: string): string {
  return id.length > 16 ? `…${id.slice(-8)}` : id;
}

const affinityWords = {
  hit: 'affinity hit: the same as before',
  moved: 'affinity moved: another than before',
  new: 'affinity new: the first of this session',
};

function tokensLine({ prompt, cached, completion }: Tokens): string {
  const reused = cached !== null && cached > 0 ? ` (${formatCount(cached)} cached)` : '';
  return `${formatCount(prompt)} prompt${reused} + ${formatCount(completion)} completion tokens`;
}

/** What to say of an answer that was stopped: how far the engine came, and what that is billed. Unsettled, the bill may still come. */
export function stoppedNote(answer: Answer, settled = true): string {
  const at = answer.billed?.completion ?? answer.usage?.completion ?? null;
  const reached = answer.first_token_ms === null ? 'Stopped before the first token' : at === null ? 'Stopped' : `Stopped at token ${formatCount(at)}`;
  if (answer.billed === null) return settled ? `${reached}; what it is billed is not known.` : `${reached}; the bill follows.`;
  return `${reached}; billed ${formatCount(answer.billed.prompt)} prompt + ${formatCount(answer.billed.completion)} completion.`;
}

/** "Thought for 3.2 s · ≈ 120 tokens" */
export function thinkingLine(answer: Answer): string {
  const over = !isRunning(answer) || answer.text !== '';
  const parts = [over ? 'Thought' : 'Thinking…'];
  if (answer.thinking_ms !== null) parts[0] = over ? `Thought for ${formatDuration(answer.thinking_ms)}` : 'Thinking…';
  if (answer.thinking_tokens !== null) parts.push(`${answer.thinking_tokens_exact ? '' : '≈ '}${formatCount(answer.thinking_tokens)} tokens`);
  return parts.join(' · ');
}

/** What is the matter in a few words, where the code says more than "it failed". */
export function problemTitle(answer: Answer): string {
  switch (answer.error?.code) {
    case 'insufficient_quota':
      return 'A spending limit is used up.';
    case 'rate_limit_exceeded':
      return 'A rate limit is reached.';
    default:
      return answer.status === 'failed' ? 'No answer.' : 'The answer was interrupted.';
  }
}
