import { Button, Group, Stack, Text } from '@mantine/core';
import { formatMoment } from '../models/moments';
import { SecretBox } from '../shell/SecretBox';
import type { Invited } from './member';

/** An invite link, shown once. */
export function LinkView({ invited, onDone }: { invited: Invited; onDone: () => void }) {
  return (
    <Stack>
      <Text size="sm">
        Send this link to <b>{invited.member.name}</b> ({invited.member.email}). It is shown this once, works once, and
        ends {formatMoment(invited.invite_expires_at)}.
      </Text>
      <SecretBox label="Invite link" text={invited.invite_url} copyLabel="Copy the link" />
      <Group justify="flex-end">
        <Button onClick={onDone}>I have copied it</Button>
      </Group>
    </Stack>
  );
}
