import { formatEta, formatPhase, formatSeconds } from './format';
import type { WarmUp } from './model';

/** "Warming up: loading weights · 3 s · about 5 s to go" */
export function warmUpLine(warmUp: WarmUp): string {
  const parts = [`Warming up: ${formatPhase(warmUp.phase)}`, formatSeconds(warmUp.elapsed_ms), formatEta(warmUp.eta_ms)];
  return parts.filter((part) => part !== null).join(' · ');
}
