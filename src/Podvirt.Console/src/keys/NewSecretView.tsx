import { Button, Group, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { formatMoment } from '../models/moments';
import { SecretBox } from '../shell/SecretBox';
import type { NewSecret } from './apiKey';
import { TrialResult } from './TrialResult';
import { tryKey } from './tryKey';

/** A new secret: to be copied and tried now, because it is shown this once. */
export function NewSecretView({ created: { key, secret }, onStored }: { created: NewSecret; onStored: () => void }) {
  const trial = useMutation({ mutationFn: () => tryKey(secret) });
  const old = key.retiring.at(-1);
  return (
    <Stack>
      <Text size="sm">
        This is the secret of <b>{key.name}</b>. Copy it now: it is shown this once, and nobody can look it up later.
      </Text>
      <SecretBox label="Secret" text={secret} copyLabel="Copy the secret" />
      {old !== undefined && (
        <Text size="sm" c="dimmed">
          The old secret works until {formatMoment(old.until)}.
        </Text>
      )}
      <TrialResult trial={trial.data ?? null} />
      <Group justify="space-between">
        <Button variant="default" loading={trial.isPending} onClick={() => trial.mutate()}>
          Test it
        </Button>
        <Button onClick={onStored}>I have stored it</Button>
      </Group>
    </Stack>
  );
}
