import { Button, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import classes from './Notice.module.css';

export type NoticeAction = { label: string; run: () => void } | { label: string; to: string };

interface NoticeProps {
  title: string;
  tone?: 'calm' | 'failed';
  /** 1 where the notice is the whole page, 3 where it stands in a titled part of one. */
  level?: 1 | 2 | 3;
  action: NoticeAction;
  children?: ReactNode;
}

/** What a page shows in place of its content: what is the matter, and the one thing to do about it. */
export function Notice({ title, tone = 'calm', level = 2, action, children }: NoticeProps) {
  return (
    <div className={classes.notice} data-tone={tone} role={tone === 'failed' ? 'alert' : undefined}>
      <Title order={level} size="h4">
        {title}
      </Title>
      {children !== undefined && (
        <Text component="div" size="sm" c="dimmed" className={classes.body}>
          {children}
        </Text>
      )}
      {'to' in action ? (
        <Button component={Link} to={action.to} variant="default">
          {action.label}
        </Button>
      ) : (
        <Button onClick={action.run} variant="default">
          {action.label}
        </Button>
      )}
    </div>
  );
}
