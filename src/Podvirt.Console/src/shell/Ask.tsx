import { Button, Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { FormProblem } from './FormProblem';
import classes from './Ask.module.css';

interface AskProps {
  children: ReactNode;
  /** What the button does, in a verb. */
  action: string;
  danger?: boolean;
  busy: boolean;
  problem: string | null;
  onConfirm: () => void;
  onCancel: () => void;
}

/** The inside of a dialog that asks before something is done. The focus starts at the way back. */
export function Ask({ children, action, danger = false, busy, problem, onConfirm, onCancel }: AskProps) {
  return (
    <Stack>
      <Text size="sm" component="div">
        {children}
      </Text>
      <FormProblem>{problem}</FormProblem>
      <Group justify="flex-end">
        <Button variant="default" onClick={onCancel} data-autofocus>
          Cancel
        </Button>
        <Button {...(danger ? { className: classes.danger } : {})} loading={busy} onClick={onConfirm}>
          {action}
        </Button>
      </Group>
    </Stack>
  );
}
