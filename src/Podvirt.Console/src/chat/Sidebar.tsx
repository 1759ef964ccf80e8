import { Button, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState, type ReactNode } from 'react';
import { messageOf } from '../http/api';
import { SearchIcon } from '../shell/icons';
import { ConversationRow } from './ConversationRow';
import { DeleteAll } from './DeleteAll';
import { RetentionForm } from './RetentionForm';
import classes from './Sidebar.module.css';
import { useConversations } from './useConversations';

interface SidebarProps {
  /** The conversation that is open; null for a new chat. */
  open: string | null;
  modelName: (id: string) => string;
  /** The open conversation is gone. */
  onDeleted: () => void;
  onPick: () => void;
}

const typingMs = 250;

/** What was said before: found, renamed, taken along and deleted. */
export function Sidebar({ open, modelName, onDeleted, onPick }: SidebarProps) {
  const [text, setText] = useState('');
  const [search] = useDebouncedValue(text.trim(), typingMs);
  const list = useConversations(search);
  const rows = list.data ?? [];

  let content: ReactNode;
  if (list.isError && list.data === undefined) {
    content = (
      <div className={classes.note} role="alert">
        <p>The conversations could not be loaded. {messageOf(list.error)}</p>
        <Button size="xs" variant="default" onClick={() => void list.refetch()}>
          Try again
        </Button>
      </div>
    );
  } else if (list.data === undefined) {
    content = <p className={classes.note}>Loading…</p>;
  } else if (rows.length === 0) {
    content = (
      <div className={classes.note}>
        <p>{search === '' ? 'Nothing was said so far. Your first message begins a conversation.' : 'No conversation has these words.'}</p>
        {search !== '' && (
          <Button size="xs" variant="default" onClick={() => setText('')}>
            Clear the search
          </Button>
        )}
      </div>
    );
  } else {
    content = (
      <>
        <ul className={classes.list} aria-label="Conversations">
          {rows.map((row) => (
            <ConversationRow
              key={row.id}
              row={row}
              current={row.id === open}
              modelName={modelName(row.model)}
              onDeleted={row.id === open ? onDeleted : null}
              onPick={onPick}
            />
          ))}
        </ul>
        {list.hasNextPage && (
          <Button
            className={classes.older ?? ''}
            size="xs"
            variant="subtle"
            color="gray"
            loading={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            Older conversations
          </Button>
        )}
      </>
    );
  }

  return (
    <div className={classes.sidebar}>
      <TextInput
        type="search"
        size="xs"
        aria-label="Search the conversations"
        placeholder="Search titles and messages"
        leftSection={<SearchIcon size={15} />}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <p className="visually-hidden" role="status">
        {search === '' || list.isPlaceholderData ? '' : `${rows.length}${list.hasNextPage ? ' or more' : ''} found`}
      </p>
      <div className={classes.scroll}>{content}</div>
      <div className={classes.foot}>
        <RetentionForm />
        {rows.length > 0 && <DeleteAll onDeleted={onDeleted} />}
      </div>
    </div>
  );
}
