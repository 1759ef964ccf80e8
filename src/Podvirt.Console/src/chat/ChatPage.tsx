import { Drawer } from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import type { ModelView } from '../models/model';
import { ChatHeader } from './ChatHeader';
import { Composer } from './Composer';
import { Announcements } from './Announcements';
import { EmptyChat } from './EmptyChat';
import { MessageList } from './MessageList';
import { SettingsForm } from './SettingsForm';
import { useChat } from './useChat';
import classes from './ChatPage.module.css';

export function ChatPage({ model }: { model: ModelView }) {
  const chat = useChat(model.id);
  const wide = useMediaQuery('(min-width: 75em)', true, { getInitialValueInEffect: false });
  const [panel, setPanel] = useDisclosure(true);
  const [drawer, setDrawer] = useDisclosure(false);
  const { turns } = chat.conversation;
  const form = <SettingsForm settings={chat.settings} onChange={chat.setSettings} />;

  return (
    <div className={classes.page}>
      <ChatHeader
        model={model}
        canClear={turns.length > 0}
        onClear={chat.clear}
        settingsOpen={wide ? panel : drawer}
        onToggleSettings={wide ? setPanel.toggle : setDrawer.toggle}
      />
      <div className={classes.body}>
        <section className={classes.talk} aria-label="Conversation">
          {turns.length === 0 ? (
            <EmptyChat model={model} onPick={chat.send} />
          ) : (
            <MessageList model={model} turns={turns} busy={chat.busy} onRetry={chat.retry} />
          )}
          <Composer busy={chat.busy} onSend={chat.send} onStop={chat.stop} />
        </section>
        {wide && panel && (
          <aside className={classes.panel} aria-label="Settings">
            <h2 className={classes.panelTitle}>Settings</h2>
            {form}
          </aside>
        )}
      </div>
      {!wide && (
        <Drawer opened={drawer} onClose={setDrawer.close} position="right" size="min(22rem, 100%)" title="Settings">
          {form}
        </Drawer>
      )}
      <Announcements model={model} turn={turns.at(-1)} />
    </div>
  );
}
