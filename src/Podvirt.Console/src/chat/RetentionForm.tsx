import { NativeSelect } from '@mantine/core';
import { messageOf } from '../http/api';
import { useRetention } from './useConversations';

const offered = [7, 30, 90, 365];

/** How long conversations are kept that nobody touches. */
export function RetentionForm() {
  const { query, change } = useRetention();
  const days = query.data?.days ?? null;
  const choices = days === null || offered.includes(days) ? offered : [...offered, days].sort((a, b) => a - b);
  const problem = query.error ?? change.error;
  return (
    <NativeSelect
      size="xs"
      label="Keep conversations"
      value={days === null ? '' : String(days)}
      disabled={query.data === undefined || change.isPending}
      error={problem === null ? undefined : messageOf(problem)}
      onChange={(event) => change.mutate({ days: event.currentTarget.value === '' ? null : Number(event.currentTarget.value) })}
      data={[{ value: '', label: 'Until I delete them' }, ...choices.map((count) => ({ value: String(count), label: `${count} days after the last message` }))]}
    />
  );
}
