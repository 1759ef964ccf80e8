import { Button, Group, PasswordInput, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { call } from '../http/api';
import { problemAt, problemElsewhere } from '../http/problems';
import { Dialog } from '../shell/Dialog';
import { FormProblem } from '../shell/FormProblem';
import { newPasswordProblem, passwordLength } from './passwords';
import { refreshSession } from './session';

/** Changes the own password. */
export default function PasswordDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Dialog opened={opened} onClose={onClose} title="Change your password">
      <PasswordChange onClose={onClose} />
    </Dialog>
  );
}

function PasswordChange({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const change = useMutation({
    mutationFn: () => call('/api/session/password', { method: 'POST', body: { current, password } }),
    onSuccess: () => refreshSession(client),
  });

  if (change.isSuccess) {
    return (
      <Stack>
        <Text size="sm" role="status">
          Your password is changed. Everywhere else you are signed out.
        </Text>
        <Group justify="flex-end">
          <Button onClick={onClose} data-autofocus>
            Done
          </Button>
        </Group>
      </Stack>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wrong = newPasswordProblem(password);
    setProblem(wrong);
    if (wrong === null) change.mutate();
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <PasswordInput
          label="Current password"
          autoComplete="current-password"
          data-autofocus
          value={current}
          onChange={(event) => setCurrent(event.currentTarget.value)}
          error={problemAt(change.error, 'current')}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the current password' }}
        />
        <PasswordInput
          label="New password"
          autoComplete="new-password"
          description={`At least ${passwordLength.min} characters.`}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={problem ?? problemAt(change.error, 'password')}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the new password' }}
        />
        <FormProblem>{problemElsewhere(change.error, ['current', 'password'])}</FormProblem>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={change.isPending}>
            Change the password
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
