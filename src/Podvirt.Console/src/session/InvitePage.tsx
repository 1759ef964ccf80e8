import { Button, Loader, PasswordInput, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ApiError, call, messageOf } from '../http/api';
import { problemAt, problemElsewhere } from '../http/problems';
import { formatMoment } from '../models/moments';
import { useDocumentTitle } from '../shell/useDocumentTitle';
import { EntryCard } from './EntryCard';
import { rememberWay } from './methods';
import { newPasswordProblem, passwordLength } from './passwords';
import { useAcceptInvite } from './session';
import { useWait } from './useWait';
import classes from './EntryCard.module.css';

interface Invite {
  name: string;
  email: string;
  expires_at: string;
}

/** Where an invite link leads: who is invited chooses a password and is signed in. */
export function InvitePage({ code, onLeave }: { code: string; onLeave: () => void }) {
  useDocumentTitle('Invitation');
  const invite = useQuery({
    queryKey: ['session', 'invite', code],
    queryFn: async ({ signal }) => {
      const response = await call('/api/session/invites/show', { method: 'POST', body: { code }, signal });
      return (await response.json()) as Invite;
    },
    staleTime: Infinity,
    gcTime: 0,
  });

  if (invite.data !== undefined) return <AcceptForm code={code} invite={invite.data} onLeave={onLeave} />;
  const isOver = invite.error instanceof ApiError && invite.error.status === 404;
  return (
    <EntryCard>
      <Title order={1} size="h3">
        Invitation
      </Title>
      {invite.isError ? (
        <>
          <Text size="sm" className={classes.problem} role="alert">
            {messageOf(invite.error)}
          </Text>
          {!isOver && <Button onClick={() => void invite.refetch()}>Try again</Button>}
          <Button variant="default" onClick={onLeave}>
            To the sign-in page
          </Button>
        </>
      ) : (
        <Loader size="sm" role="status" aria-label="Looking at the invitation" />
      )}
    </EntryCard>
  );
}

function AcceptForm({ code, invite, onLeave }: { code: string; invite: Invite; onLeave: () => void }) {
  const [password, setPassword] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const acceptInvite = useAcceptInvite();
  const accept = useMutation({
    mutationFn: () => acceptInvite(code, password),
    onSuccess: () => {
      rememberWay('password');
      onLeave();
    },
  });
  const wait = useWait(accept.error);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wrong = newPasswordProblem(password);
    setProblem(wrong);
    if (wrong === null) accept.mutate();
  };
  const elsewhere = problemElsewhere(accept.error, ['password']);

  return (
    <EntryCard>
      <Title order={1} size="h3">
        Welcome, {invite.name}
      </Title>
      <Text size="sm" c="dimmed">
        You are invited to this Podvirt. Choose a password to sign in with; the link works until {formatMoment(invite.expires_at)}.
      </Text>
      <form className={classes.form} onSubmit={submit} noValidate>
        {/* Password managers keep both together. */}
        <TextInput label="E-mail" type="email" autoComplete="username" value={invite.email} readOnly />
        <PasswordInput
          label="New password"
          name="new-password"
          autoComplete="new-password"
          autoFocus
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          description={`At least ${passwordLength.min} characters. A few words that nobody would put together are easy to keep.`}
          error={problem ?? problemAt(accept.error, 'password')}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
        />
        {elsewhere !== null && (
          <Text size="sm" className={classes.problem} role="alert">
            {elsewhere}
          </Text>
        )}
        <Button type="submit" loading={accept.isPending} disabled={wait > 0} fullWidth>
          {wait > 0 ? `Wait ${wait} s` : 'Set the password and sign in'}
        </Button>
      </form>
      <Button variant="subtle" size="compact-sm" onClick={onLeave}>
        Not now
      </Button>
    </EntryCard>
  );
}
