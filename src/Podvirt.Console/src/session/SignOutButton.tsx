import { UnstyledButton } from '@mantine/core';
import { useState } from 'react';
import { messageOf } from '../http/api';
import { SignOutIcon } from '../shell/icons';
import { useSignOut } from './session';
import classes from './SignOutButton.module.css';

export function SignOutButton() {
  const signOut = useSignOut();
  const [problem, setProblem] = useState<string | null>(null);
  const run = () => {
    setProblem(null);
    signOut().catch((error: unknown) => setProblem(`Still signed in. ${messageOf(error)}`));
  };
  return (
    <div>
      {problem !== null && (
        <p className={classes.problem} role="alert">
          {problem}
        </p>
      )}
      <UnstyledButton className={classes.signOut} onClick={run}>
        <SignOutIcon /> Sign out
      </UnstyledButton>
    </div>
  );
}
