import { Button, Code, PasswordInput, Text, Title } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { Mark } from '../shell/icons';
import { useDocumentTitle } from '../shell/useDocumentTitle';
import { signInProblem, useSignIn } from './session';
import classes from './SignInPage.module.css';

export function SignInPage({ linkProblem }: { linkProblem: string | null }) {
  useDocumentTitle('Sign in');
  const signIn = useSignIn();
  const [token, setToken] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const credential = { token: token.trim() };
    if (credential.token === '') {
      setProblem('Enter the admin token.');
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      await signIn(credential);
    } catch (error) {
      setProblem(signInProblem(error, credential));
      setBusy(false);
    }
  };

  return (
    <main className={classes.page}>
      <form className={classes.card} onSubmit={submit} noValidate>
        <div className={classes.brand}>
          <Mark size={28} /> <span>Podvirt</span>
        </div>
        <Title order={1} size="h3">
          Sign in
        </Title>
        {linkProblem !== null && (
          <Text size="sm" className={classes.linkProblem} role="alert">
            {linkProblem}
          </Text>
        )}
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
        <Button type="submit" loading={busy} fullWidth>
          Sign in
        </Button>
      </form>
    </main>
  );
}
