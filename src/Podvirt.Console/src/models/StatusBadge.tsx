import { StateTag, type StateTone } from '../shell/StateTag';

const tones: Record<string, StateTone> = {
  Active: 'good',
  'Warming Up': 'warming',
  Sleeping: 'sleeping',
  Cold: 'calm',
  Failed: 'bad',
};

export function StatusBadge({ status }: { status: string }) {
  return <StateTag tone={tones[status] ?? 'calm'}>{status}</StateTag>;
}
