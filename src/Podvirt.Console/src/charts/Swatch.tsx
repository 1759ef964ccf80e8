import { lookOf, type ChartKind } from './chart';

/** How a series is drawn, in small. */
export function Swatch({ look, kind }: { look: number; kind: ChartKind }) {
  const { color, dashes } = lookOf(look);
  return (
    <svg width={18} height={10} aria-hidden="true" focusable="false" style={{ flex: 'none' }}>
      {kind === 'bars' || kind === 'stacked-bars' ? (
        <rect x={4} width={10} height={10} rx={2} fill={color} />
      ) : (
        <line x1={0} x2={18} y1={5} y2={5} stroke={color} strokeWidth={2.5} strokeDasharray={dashes} />
      )}
    </svg>
  );
}
