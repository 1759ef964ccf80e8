import { Button, Code, PasswordInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { signInProblem } from './problem';
import { useSignIn } from './session';
import { useWait } from './useWait';

export function TokenForm({ className }: { className?: string | undefined }) {
  const [token, setToken] = useState('');
  const [missing, setMissing] = useState(false);
  const signIn = useMutation({ mutationFn: useSignIn() });
  const wait = useWait(signIn.error);
  const credential = { token: token.trim() };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setMissing(credential.token === '');
    if (credential.token !== '') signIn.mutate(credential);
  };
  const problem = missing ? 'Enter the admin token.' : signIn.isError ? signInProblem(signIn.error, credential) : null;

  return (
    <form className={className} onSubmit={submit} noValidate>
      <PasswordInput
        label="Admin token"
        name="token"
        autoComplete="current-password"
        autoFocus
        value={token}
        onChange={(event) => setToken(event.currentTarget.value)}
        error={problem}
        visibilityToggleButtonProps={{ 'aria-label': 'Show the token' }}
        description={
          <>
            The value of <Code>PODVIRT_ADMIN_TOKEN</Code>. Where it is not set, the server made one on its first start:
            see the file <Code>admin-token</Code> in its data folder.
          </>
        }
      />
      <Button type="submit" loading={signIn.isPending} disabled={wait > 0} fullWidth>
        {wait > 0 ? `Wait ${wait} s` : 'Sign in'}
      </Button>
    </form>
  );
}
