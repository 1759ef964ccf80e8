import { Button, Drawer } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import { useEscape } from '../answers/useEscape';
import { Composer } from '../chat/Composer';
import { defaultSettings } from '../chat/conversation';
import { SettingsForm } from '../chat/SettingsForm';
import { messageOf } from '../http/api';
import { useModels } from '../live/ModelFeed';
import { canChat, type ModelView } from '../models/model';
import { useProject } from '../projects/useProject';
import { SettingsIcon, StopIcon } from '../shell/icons';
import { Notice } from '../shell/Notice';
import pageClasses from '../shell/Page.module.css';
import { PageLoader } from '../shell/PageLoader';
import { useDocumentTitle } from '../shell/useDocumentTitle';
import { Column } from './Column';
import classes from './ComparePage.module.css';
import { ModelPicker } from './ModelPicker';
import { useComparison } from './useComparison';
import { useQuestion } from './useQuestion';

const closeButton = { 'aria-label': 'Close' };

export default function ComparePage() {
  useDocumentTitle('Compare');
  const models = useModels();
  if (models.data !== undefined) {
    const able = models.data.filter(canChat);
    if (able.length > 0) return <Comparison models={able} />;
  } else if (models.isPending) {
    return <PageLoader />;
  }
  return (
    <div className={pageClasses.page}>
      {models.data === undefined ? (
        <Notice level={1} tone="failed" title="The models could not be loaded" action={{ label: 'Try again', run: () => void models.refetch() }}>
          {messageOf(models.error)}
        </Notice>
      ) : (
        <Notice level={1} title="There is no model to compare" action={{ label: 'To the models', to: '/inference/serverless' }}>
          The catalog has no chat or code model.
        </Notice>
      )}
    </div>
  );
}

function Comparison({ models }: { models: ModelView[] }) {
  const { project } = useProject();
  const [settings, setSettings] = useState(defaultSettings);
  const [drawer, setDrawer] = useDisclosure(false);
  const { entries, running, busy, choose, ask, stop, stopping, ended } = useComparison(project?.id ?? null, settings);
  const question = useQuestion(entries.find(({ answer }) => answer !== null)?.answer ?? null);
  const [said, setSaid] = useState('');
  const stopAll = () => stop(running);
  useEscape(running.length === 0 ? null : stopAll);

  const refusal =
    project === null ? 'There is no project to bill this to' : entries.length < 1 ? 'Choose the models to compare first' : null;
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1 className={classes.title}>Compare</h1>
        <ModelPicker models={models} chosen={entries.map(({ model }) => model)} disabled={busy} onChoose={choose} />
        <div className={classes.actions}>
          {running.length > 1 && (
            <Button size="xs" variant="default" leftSection={<StopIcon size={15} />} onClick={stopAll}>
              Stop all
            </Button>
          )}
          <Button size="xs" variant="default" leftSection={<SettingsIcon size={15} />} onClick={setDrawer.open} aria-expanded={drawer}>
            Settings
          </Button>
        </div>
      </header>
      <div className={classes.body} data-busy={busy || undefined}>
        {question !== null && question !== '' && (
          <article className={classes.question} aria-label="You">
            {question}
          </article>
        )}
        {entries.length === 0 ? (
          <div className={classes.empty}>
            <h2 className={classes.emptyTitle}>One question, up to four models</h2>
            <p>Choose the models above. Their answers come side by side, with what each took and cost.</p>
          </div>
        ) : (
          <div className={classes.columns}>
            {entries.map((entry) => (
              <Column
                key={entry.model}
                entry={entry}
                model={models.find(({ id }) => id === entry.model) ?? null}
                stopping={entry.answer !== null && stopping[entry.answer] === true}
                onStop={stop}
                onEnd={ended}
                announce={setSaid}
              />
            ))}
          </div>
        )}
      </div>
      <Composer
        busy={busy}
        onStop={running.length === 0 ? null : stopAll}
        stopping={running.every((id) => stopping[id] === true)}
        onSend={ask}
        refusal={refusal}
        billedTo={project?.name ?? null}
      />
      <Drawer opened={drawer} onClose={setDrawer.close} position="right" size="min(22rem, 100%)" title="Settings of all models" closeButtonProps={closeButton}>
        <SettingsForm settings={settings} onChange={setSettings} sessionId={null} />
      </Drawer>
      <div className="visually-hidden" role="status">
        {said}
      </div>
    </div>
  );
}
