import { Center, Loader } from '@mantine/core';
import { useEffect, useState, type ReactNode } from 'react';
import { messageOf } from '../http/api';
import { Notice } from '../shell/Notice';
import { SignInPage } from './SignInPage';
import { signInProblem, useSession, useSignIn } from './session';
import { hasSignInCode, takeSignInCode } from './signInLink';

type Link = { state: 'none' } | { state: 'using' } | { state: 'refused'; problem: string };

/** Shows its children to whoever is signed in, and the sign-in page to everybody else. */
export function SessionGate({ children }: { children: ReactNode }) {
  const session = useSession();
  const signIn = useSignIn();
  const [link, setLink] = useState<Link>(() => (hasSignInCode() ? { state: 'using' } : { state: 'none' }));

  useEffect(() => {
    const code = takeSignInCode();
    if (code === null) return;
    const credential = { code };
    signIn(credential).then(
      () => setLink({ state: 'none' }),
      (error: unknown) => setLink({ state: 'refused', problem: signInProblem(error, credential) }),
    );
  }, [signIn]);

  if (session.isPending || link.state === 'using') {
    return (
      <Center h="100dvh" role="status">
        <Loader size="sm" aria-label={link.state === 'using' ? 'Signing in' : 'Checking the session'} />
      </Center>
    );
  }
  if (session.isError) {
    return (
      <Center mih="100dvh" p="md" component="main">
        <Notice
          level={1}
          tone="failed"
          title="Podvirt does not answer"
          action={{ label: 'Try again', run: () => void session.refetch() }}
        >
          {messageOf(session.error)}
        </Notice>
      </Center>
    );
  }
  if (session.data === null) return <SignInPage linkProblem={link.state === 'refused' ? link.problem : null} />;
  return children;
}
