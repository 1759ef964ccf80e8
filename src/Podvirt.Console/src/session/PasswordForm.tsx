import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { signInProblem } from './problem';
import { useSignIn } from './session';
import { useWait } from './useWait';

export function PasswordForm({ className }: { className?: string | undefined }) {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [checked, setChecked] = useState(false);
  const signIn = useMutation({ mutationFn: useSignIn() });
  const wait = useWait(signIn.error);
  const credential = { email: email.trim(), password };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (credential.email !== '' && password !== '') signIn.mutate(credential);
  };

  return (
    <form className={className} onSubmit={submit} noValidate>
      <TextInput
        label="E-mail"
        type="email"
        name="email"
        autoComplete="username"
        autoFocus
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
        error={checked && credential.email === '' ? 'Enter your e-mail address.' : null}
      />
      <PasswordInput
        label="Password"
        name="password"
        autoComplete="current-password"
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        error={
          checked && password === '' ? 'Enter your password.' : signIn.isError ? signInProblem(signIn.error, credential) : null
        }
        description="Forgotten? An admin can give you a new link."
        visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
      />
      <Button type="submit" loading={signIn.isPending} disabled={wait > 0} fullWidth>
        {wait > 0 ? `Wait ${wait} s` : 'Sign in'}
      </Button>
    </form>
  );
}
