import { Button } from '@mantine/core';
import { useState } from 'react';
import { messageOf } from '../http/api';
import { Confirm } from '../shell/Confirm';
import classes from './Sidebar.module.css';
import { useConversationChanges } from './useConversations';

export function DeleteAll({ onDeleted }: { onDeleted: () => void }) {
  const [asking, setAsking] = useState(false);
  const { removeAll } = useConversationChanges();
  const run = () =>
    removeAll.mutate(undefined, {
      onSuccess: () => {
        setAsking(false);
        onDeleted();
      },
    });
  if (!asking) {
    return (
      <Button size="xs" variant="subtle" color="gray" onClick={() => setAsking(true)}>
        Delete all conversations
      </Button>
    );
  }
  return (
    <>
      <Confirm
        question="Delete all of your conversations, of every model? Their usage records stay."
        label="Delete all"
        busy={removeAll.isPending}
        onConfirm={run}
        onCancel={() => setAsking(false)}
      />
      {removeAll.error !== null && (
        <p className={classes.note} role="alert">
          {messageOf(removeAll.error)}
        </p>
      )}
    </>
  );
}
