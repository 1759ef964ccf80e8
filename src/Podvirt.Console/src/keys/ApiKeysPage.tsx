import { Button, Skeleton, Text, Title } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { messageOf } from '../http/api';
import { plural } from '../models/format';
import { useProject } from '../projects/useProject';
import type { SessionProject } from '../session/session';
import { NewChatIcon as AddIcon } from '../shell/icons';
import { Notice } from '../shell/Notice';
import pageClasses from '../shell/Page.module.css';
import rows from '../shell/Rows.module.css';
import { useDocumentTitle } from '../shell/useDocumentTitle';
import { inOrder, type ApiKey } from './apiKey';
import { KeyDialog, type KeyTask } from './KeyDialog';
import { KeyRow } from './KeyRow';
import { useKeys } from './useKeys';

export default function ApiKeysPage() {
  useDocumentTitle('API Keys');
  const { project } = useProject();
  return (
    <div className={pageClasses.page}>
      {project === null ? (
        <Notice level={1} title="No project to make keys for" action={{ label: 'Look again', run: () => window.location.reload() }}>
          Every key belongs to a project. An admin can let you into one.
        </Notice>
      ) : (
        <ProjectKeys key={project.id} project={project} />
      )}
    </div>
  );
}

function ProjectKeys({ project }: { project: SessionProject }) {
  const keys = useKeys(project.id);
  const [task, setTask] = useState<KeyTask>({ kind: 'create' });
  const [opened, setOpened] = useState(false);
  const [done, setDone] = useState('');
  const begin = (next: KeyTask) => {
    setDone('');
    setTask(next);
    setOpened(true);
  };
  const create = () => begin({ kind: 'create' });

  let content: ReactNode;
  if (keys.data !== undefined && keys.data.length > 0) {
    content = <KeyList keys={keys.data} now={keys.dataUpdatedAt} onTask={begin} />;
  } else if (keys.data !== undefined) {
    content = (
      <Notice title={`No keys of ${project.name} yet`} action={{ label: 'Create a key', run: create }}>
        Programs call models with a key: its use is billed to this project, within the limits that you give it.
      </Notice>
    );
  } else if (keys.isError) {
    content = (
      <Notice tone="failed" title="The keys could not be loaded" action={{ label: 'Try again', run: () => void keys.refetch() }}>
        {messageOf(keys.error)}
      </Notice>
    );
  } else {
    content = <Skeleton height={150} role="status" aria-label="Loading the keys" />;
  }

  return (
    <>
      <header className={rows.head}>
        <div className={rows.title}>
          <Title order={1} size="h3">
            API Keys
          </Title>
          <Text size="sm" c="dimmed">
            of {project.name}
          </Text>
        </div>
        <Button leftSection={<AddIcon size={16} />} onClick={create} aria-haspopup="dialog">
          New key
        </Button>
      </header>
      <p className="visually-hidden" role="status">
        {done}
      </p>
      {content}
      <KeyDialog
        task={task}
        opened={opened}
        project={project}
        onTask={setTask}
        onClose={(what) => {
          setOpened(false);
          setDone(what ?? '');
        }}
      />
    </>
  );
}

function KeyList({ keys, now, onTask }: { keys: ApiKey[]; now: number; onTask: (task: KeyTask) => void }) {
  const [all, setAll] = useState(false);
  const ordered = inOrder(keys);
  const revoked = ordered.filter((key) => key.status === 'revoked');
  const shown = all ? ordered : ordered.filter((key) => key.status !== 'revoked');
  return (
    <>
      {shown.length === 0 ? (
        <Notice title="No key works" action={{ label: 'Create a key', run: () => onTask({ kind: 'create' }) }}>
          All keys of this project are revoked.
        </Notice>
      ) : (
        <ul className={rows.rows} aria-label="Keys">
          {shown.map((key) => (
            <KeyRow key={key.id} apiKey={key} now={now} onAction={(kind, of) => onTask({ kind, key: of })} />
          ))}
        </ul>
      )}
      {revoked.length > 0 && (
        <Button className={rows.more} variant="subtle" size="compact-sm" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Hide' : 'Show'} {plural(revoked.length, 'revoked key')}
        </Button>
      )}
    </>
  );
}
