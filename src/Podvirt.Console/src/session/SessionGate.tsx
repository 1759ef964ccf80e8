import { Center, Loader } from '@mantine/core';
import { useEffect, useState, type ReactNode } from 'react';
import { messageOf } from '../http/api';
import { Notice } from '../shell/Notice';
import { InvitePage } from './InvitePage';
import { pendingLink, takeLink } from './links';
import { signInProblem } from './problem';
import { SignInPage } from './SignInPage';
import { useSession, useSignIn } from './session';

/** What the link that led here is about. */
type Link =
  | { state: 'none' }
  | { state: 'signing-in' }
  | { state: 'refused'; problem: string }
  | { state: 'invited'; code: string };

function firstLink(): Link {
  const { code, invite, problem } = pendingLink();
  if (invite !== null) return { state: 'invited', code: invite };
  if (code !== null) return { state: 'signing-in' };
  return problem === null ? { state: 'none' } : { state: 'refused', problem };
}

/** Shows its children to whoever is signed in, and the sign-in page to everybody else. An invite comes before both. */
export function SessionGate({ children }: { children: ReactNode }) {
  const session = useSession();
  const signIn = useSignIn();
  const [link, setLink] = useState(firstLink);

  useEffect(() => {
    const { code, invite } = takeLink();
    if (code === null || invite !== null) return;
    const credential = { code };
    signIn(credential).then(
      () => setLink({ state: 'none' }),
      (error: unknown) => setLink({ state: 'refused', problem: signInProblem(error, credential) }),
    );
  }, [signIn]);

  if (link.state === 'invited') return <InvitePage code={link.code} onLeave={() => setLink({ state: 'none' })} />;
  if (session.isPending || link.state === 'signing-in') {
    return (
      <Center h="100dvh" role="status">
        <Loader size="sm" aria-label={link.state === 'signing-in' ? 'Signing in' : 'Checking the session'} />
      </Center>
    );
  }
  // Whoever was signed in a moment ago still is, as far as anybody knows.
  if (session.isError && session.data === undefined) {
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
  if (session.data == null) return <SignInPage problem={link.state === 'refused' ? link.problem : null} />;
  return children;
}
