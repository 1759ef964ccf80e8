import { ActionIcon, Button } from '@mantine/core';
import { Link } from 'react-router';
import type { ModelView } from '../models/model';
import { StatusBadge } from '../models/StatusBadge';
import { BackIcon, NewChatIcon, SettingsIcon } from '../shell/icons';
import classes from './ChatHeader.module.css';

interface ChatHeaderProps {
  model: ModelView;
  canClear: boolean;
  onClear: () => void;
  settingsOpen: boolean;
  onToggleSettings: () => void;
}

export function ChatHeader({ model, canClear, onClear, settingsOpen, onToggleSettings }: ChatHeaderProps) {
  return (
    <header className={classes.header}>
      <ActionIcon
        component={Link}
        to="/inference/serverless"
        variant="subtle"
        color="gray"
        size="lg"
        aria-label="Back to the models"
      >
        <BackIcon />
      </ActionIcon>
      <div className={classes.title}>
        <h1 className={classes.name}>{model.name}</h1>
        <code className={classes.id}>{model.id}</code>
      </div>
      <StatusBadge status={model.status} />
      <div className={classes.actions}>
        <Button
          variant="default"
          size="xs"
          leftSection={<NewChatIcon size={15} />}
          onClick={onClear}
          disabled={!canClear}
          aria-label="New chat"
          classNames={{ root: classes.action, label: classes.actionLabel, section: classes.actionSection }}
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
          classNames={{ root: classes.action, label: classes.actionLabel, section: classes.actionSection }}
        >
          Settings
        </Button>
      </div>
    </header>
  );
}
