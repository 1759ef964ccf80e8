import { Button, Group, PasswordInput, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { mayBelong, type ApiKey } from './apiKey';
import { TrialResult } from './TrialResult';
import { tryKey } from './tryKey';

/** Tries a key whose secret somebody has kept. What is pasted stays in this field and is forgotten with it. */
export function TryView({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const [secret, setSecret] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const trial = useMutation({ mutationFn: tryKey });

  const submit = (event: FormEvent) => {
    event.preventDefault();
    trial.reset();
    const pasted = secret.trim();
    if (pasted === '') setProblem('Paste the secret.');
    else if (!mayBelong(apiKey, pasted)) setProblem(`This is another key’s secret: those of ${apiKey.name} begin with ${apiKey.prefix}.`);
    else {
      setProblem(null);
      trial.mutate(pasted);
    }
  };
  return (
    <form onSubmit={submit} noValidate autoComplete="off">
      <Stack>
        <Text size="sm" c="dimmed">
          The server keeps no secrets, so paste the one you have. It is sent once, as a client would send it, and is not
          stored.
        </Text>
        <PasswordInput
          label="Secret"
          placeholder={`${apiKey.prefix}…`}
          autoComplete="off"
          value={secret}
          onChange={(event) => setSecret(event.currentTarget.value)}
          error={problem}
          data-autofocus
          visibilityToggleButtonProps={{ 'aria-label': 'Show the secret' }}
        />
        <TrialResult trial={trial.data ?? null} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          <Button type="submit" loading={trial.isPending}>
            Test it
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
