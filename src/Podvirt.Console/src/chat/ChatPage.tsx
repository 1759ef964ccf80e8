import { Button, Drawer } from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import { useCallback, useMemo, useState, type ReactNode } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { useEscape } from '../answers/useEscape';
import { ApiError, messageOf } from '../http/api';
import { useModels } from '../live/ModelFeed';
import type { ModelView } from '../models/model';
import { useProject } from '../projects/useProject';
import { Notice } from '../shell/Notice';
import { PageLoader } from '../shell/PageLoader';
import { conversationIn, conversationPath } from './address';
import { ChatHeader } from './ChatHeader';
import classes from './ChatPage.module.css';
import { Composer } from './Composer';
import { EmptyChat } from './EmptyChat';
import { MessageList } from './MessageList';
import { SettingsForm } from './SettingsForm';
import { Sidebar } from './Sidebar';
import { turnsOf } from './tree';
import { useChat } from './useChat';
import { useFresh } from './useFresh';

const closeButton = { 'aria-label': 'Close' };

export function ChatPage({ model }: { model: ModelView }) {
  const navigate = useNavigate();
  const id = conversationIn(useLocation().search);
  // A draft belongs to the conversation it was begun in, also when that has only just got its id.
  const [composer, setComposer] = useState({ id, created: null as string | null, key: 0 });
  if (composer.id !== id) {
    setComposer({ id, created: null, key: id !== null && id === composer.created ? composer.key : composer.key + 1 });
  }
  const onCreated = useCallback(
    (created: string) => {
      setComposer((old) => ({ ...old, created }));
      void navigate(conversationPath(model.id, created), { replace: true });
    },
    [model.id, navigate],
  );
  const { project, projects } = useProject();
  const chat = useChat({ model: model.id, project: project?.id ?? null, id, onCreated });
  useFresh(chat.conversation, chat.busy);
  useEscape(chat.running === null ? null : chat.stop);

  const roomy = useMediaQuery('(min-width: 62em)', true, { getInitialValueInEffect: false });
  const wide = useMediaQuery('(min-width: 90em)', true, { getInitialValueInEffect: false });
  const [history, setHistory] = useDisclosure(true);
  const [historyDrawer, setHistoryDrawer] = useDisclosure(false);
  const [settings, setSettings] = useDisclosure(true);
  const [settingsDrawer, setSettingsDrawer] = useDisclosure(false);
  const [said, announce] = useState('');

  const models = useModels().data;
  const modelName = useCallback((of: string) => models?.find((one) => one.id === of)?.name ?? of, [models]);
  const turns = useMemo(() => (chat.conversation === null ? [] : turnsOf(chat.conversation)), [chat.conversation]);
  const toNewChat = useCallback(() => void navigate(conversationPath(model.id, null)), [model.id, navigate]);
  const billedTo = chat.conversation?.project ?? project?.id ?? null;

  const sidebar = <Sidebar open={id} modelName={modelName} onDeleted={toNewChat} onPick={setHistoryDrawer.close} />;
  const form = (
    <SettingsForm
      key={id}
      settings={chat.settings.value}
      onChange={chat.settings.change}
      sessionId={chat.conversation?.session_id ?? null}
    />
  );

  let talk: ReactNode;
  if (id !== null && chat.conversation === null) {
    talk = chat.query.isError ? <Missing error={chat.query.error} retry={() => void chat.query.refetch()} toNewChat={toNewChat} /> : <PageLoader />;
  } else if (turns.length === 0 && chat.sent === null) {
    talk = <EmptyChat model={model} onPick={(question) => void chat.send(question)} />;
  } else {
    talk = (
      <MessageList key={`messages-${composer.key}`} model={model} turns={turns} sent={chat.sent} busy={chat.busy} actions={chat.actions} announce={announce} />
    );
  }

  return (
    <div className={classes.page}>
      <ChatHeader
        model={model}
        title={chat.conversation === null ? null : chat.conversation.title || (turns[0]?.question.content ?? null)}
        newChatPath={conversationPath(model.id, null)}
        historyOpen={roomy ? history : historyDrawer}
        onToggleHistory={roomy ? setHistory.toggle : setHistoryDrawer.toggle}
        settingsOpen={wide ? settings : settingsDrawer}
        onToggleSettings={wide ? setSettings.toggle : setSettingsDrawer.toggle}
      />
      <div className={classes.body}>
        {roomy && history && (
          <nav className={classes.history} aria-label="Prior conversations">
            {sidebar}
          </nav>
        )}
        <section className={classes.talk} aria-label="Conversation">
          {talk}
          {chat.problem !== null && (
            <div className={classes.problem} role="alert">
              <span>{chat.problem}</span>
              <Button size="compact-xs" variant="default" onClick={chat.dismiss}>
                Dismiss
              </Button>
            </div>
          )}
          <Composer
            key={`composer-${composer.key}`}
            busy={chat.busy}
            onStop={chat.running === null ? null : chat.stop}
            stopping={chat.stopping}
            onSend={chat.send}
            refusal={billedTo === null ? 'There is no project to bill a chat to' : null}
            billedTo={projects.find((one) => one.id === billedTo)?.name ?? billedTo}
          />
        </section>
        {wide && settings && (
          <aside className={classes.panel} aria-label="Settings">
            <h2 className={classes.panelTitle}>Settings</h2>
            {form}
          </aside>
        )}
      </div>
      {!roomy && (
        <Drawer opened={historyDrawer} onClose={setHistoryDrawer.close} position="left" size="min(22rem, 100%)" title="Conversations" closeButtonProps={closeButton} classNames={{ content: classes.drawer ?? '', body: classes.drawerBody ?? '' }}>
          {sidebar}
        </Drawer>
      )}
      {!wide && (
        <Drawer opened={settingsDrawer} onClose={setSettingsDrawer.close} position="right" size="min(22rem, 100%)" title="Settings" closeButtonProps={closeButton}>
          {form}
        </Drawer>
      )}
      <div className="visually-hidden" role="status">
        {said}
      </div>
    </div>
  );
}

function Missing({ error, retry, toNewChat }: { error: unknown; retry: () => void; toNewChat: () => void }) {
  const gone = error instanceof ApiError && error.status === 404;
  return (
    <div className={classes.missing}>
      <Notice
        tone="failed"
        title={gone ? 'This conversation is not there' : 'The conversation could not be loaded'}
        action={gone ? { label: 'Begin a new chat', run: toNewChat } : { label: 'Try again', run: retry }}
      >
        {gone ? 'It was deleted, or its time was up, or it is somebody else’s.' : messageOf(error)}
      </Notice>
    </div>
  );
}
