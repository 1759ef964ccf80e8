import { ActionIcon, Button } from '@mantine/core';
import { Link } from 'react-router';
import type { ModelView } from '../models/model';
import { StatusBadge } from '../models/StatusBadge';
import { BackIcon, HistoryIcon, NewChatIcon, SettingsIcon } from '../shell/icons';
import classes from './ChatHeader.module.css';

interface ChatHeaderProps {
  model: ModelView;
  /** The conversation's; null for a new chat. */
  title: string | null;
  newChatPath: string;
  historyOpen: boolean;
  onToggleHistory: () => void;
  settingsOpen: boolean;
  onToggleSettings: () => void;
}

const action = { root: classes.action ?? '', label: classes.actionLabel ?? '', section: classes.actionSection ?? '' };

export function ChatHeader({ model, title, newChatPath, historyOpen, onToggleHistory, settingsOpen, onToggleSettings }: ChatHeaderProps) {
  return (
    <header className={classes.header}>
      <ActionIcon component={Link} to="/inference/serverless" variant="subtle" color="gray" size="lg" aria-label="Back to the models">
        <BackIcon />
      </ActionIcon>
      <div className={classes.title}>
        <h1 className={classes.name}>{model.name}</h1>
        <span className={classes.id}>{title ?? <code>{model.id}</code>}</span>
      </div>
      <StatusBadge status={model.status} />
      <div className={classes.actions}>
        <Button
          variant="default"
          size="xs"
          leftSection={<HistoryIcon size={15} />}
          onClick={onToggleHistory}
          aria-expanded={historyOpen}
          aria-label="Conversations"
          classNames={action}
        >
          Conversations
        </Button>
        <Button
          component={Link}
          to={newChatPath}
          variant="default"
          size="xs"
          leftSection={<NewChatIcon size={15} />}
          aria-label="New chat"
          classNames={action}
        >
          New chat
        </Button>
        <Button
          variant="default"
          size="xs"
          leftSection={<SettingsIcon size={15} />}
          onClick={onToggleSettings}
          aria-expanded={settingsOpen}
          aria-label="Settings"
          classNames={action}
        >
          Settings
        </Button>
      </div>
    </header>
  );
}
