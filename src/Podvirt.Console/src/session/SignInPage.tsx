import { Button, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useDocumentTitle } from '../shell/useDocumentTitle';
import { EntryCard } from './EntryCard';
import { rememberedWay, rememberWay, useSignInMethods } from './methods';
import { PasswordForm } from './PasswordForm';
import { TokenForm } from './TokenForm';
import classes from './EntryCard.module.css';

/** `problem`: why the link that led here did not sign in. */
export function SignInPage({ problem }: { problem: string | null }) {
  useDocumentTitle('Sign in');
  const methods = useSignInMethods();
  const [way, setWay] = useState(rememberedWay);
  const other = way === 'token' ? 'password' : 'token';
  const oidc = methods.data?.oidc ?? null;

  return (
    <EntryCard>
      <Title order={1} size="h3">
        Sign in
      </Title>
      {problem !== null && (
        <Text size="sm" className={classes.problem} role="alert">
          {problem}
        </Text>
      )}
      {oidc !== null && (
        <>
          <Button component="a" href={signInAddress(oidc.url)} variant="default" fullWidth>
            Sign in with {oidc.name}
          </Button>
          <div className={classes.or} aria-hidden="true">
            or
          </div>
        </>
      )}
      {way === 'token' ? <TokenForm className={classes.form} /> : <PasswordForm className={classes.form} />}
      {methods.data?.password !== false && (
        <Button
          variant="subtle"
          size="compact-sm"
          onClick={() => {
            rememberWay(other);
            setWay(other);
          }}
        >
          {other === 'password' ? 'Sign in with e-mail and password' : 'Sign in with the admin token'}
        </Button>
      )}
    </EntryCard>
  );
}

/** The provider sends back to the page that was asked for. */
function signInAddress(url: string): string {
  return `${url}?return=${encodeURIComponent(window.location.pathname + window.location.search)}`;
}
