import { UnstyledButton } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { messageOf } from '../http/api';
import { KeyIcon, SignOutIcon } from '../shell/icons';
import { useSession, useSignOut } from './session';
import classes from './AccountPanel.module.css';

const PasswordDialog = lazy(() => import('./PasswordDialog'));

/** Who is signed in, as what, and what they can do about it. */
export function AccountPanel() {
  const session = useSession();
  const signOut = useSignOut();
  const [problem, setProblem] = useState<string | null>(null);
  const [changing, setChanging] = useState<'never' | 'open' | 'closed'>('never');
  if (session.data == null) return null;
  const { role, member, sign_in } = session.data;

  const leave = () => {
    setProblem(null);
    signOut().catch((error: unknown) => setProblem(`Still signed in. ${messageOf(error)}`));
  };
  return (
    <section className={classes.account} aria-label="Account">
      <p className={classes.who}>
        <span className={classes.name}>{member?.name ?? 'Admin token'}</span>
        <span className={classes.role}>
          {role === 'admin' ? 'Admin' : 'Member'}
          {member !== null && ` · ${member.email}`}
        </span>
      </p>
      {problem !== null && (
        <p className={classes.problem} role="alert">
          {problem}
        </p>
      )}
      {sign_in === 'password' && (
        <UnstyledButton className={classes.action} onClick={() => setChanging('open')} aria-haspopup="dialog">
          <KeyIcon /> Change password
        </UnstyledButton>
      )}
      <UnstyledButton className={classes.action} onClick={leave}>
        <SignOutIcon /> Sign out
      </UnstyledButton>
      {changing !== 'never' && (
        <Suspense>
          <PasswordDialog opened={changing === 'open'} onClose={() => setChanging('closed')} />
        </Suspense>
      )}
    </section>
  );
}
