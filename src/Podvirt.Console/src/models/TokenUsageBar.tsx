import { UsageBar } from './UsageBar';

interface TokenUsageBarProps {
  /** Tokens of the running month. */
  used: number;
  /** The plan's limit for the month; null: none. */
  limit: number | null;
  /** Whose tokens, for readers that hear the bar alone. */
  of: string;
}

/** What a model's tokens are of the plan's limit for the month. */
export function TokenUsageBar({ used, limit, of }: TokenUsageBarProps) {
  return <UsageBar label={`Tokens of ${of} this month`} used={used} limit={limit} />;
}
