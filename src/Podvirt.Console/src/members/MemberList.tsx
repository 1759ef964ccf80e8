import { Button, Skeleton } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { messageOf } from '../http/api';
import { useProjects } from '../projects/useProjects';
import { useSession } from '../session/session';
import { NewChatIcon as AddIcon } from '../shell/icons';
import { Notice } from '../shell/Notice';
import rows from '../shell/Rows.module.css';
import { inOrder } from './member';
import { MemberDialog, type MemberTask } from './MemberDialog';
import { MemberRow } from './MemberRow';
import { useMembers } from './useMembers';

export function MemberList() {
  const session = useSession();
  const members = useMembers();
  const projects = useProjects();
  const [task, setTask] = useState<MemberTask>({ kind: 'invite' });
  const [opened, setOpened] = useState(false);
  const [done, setDone] = useState('');
  const begin = (next: MemberTask) => {
    setDone('');
    setTask(next);
    setOpened(true);
  };
  const names = new Map(projects.data?.map(({ id, name }) => [id, name]));

  let content: ReactNode;
  if (members.data !== undefined && members.data.length > 0) {
    content = (
      <ul className={rows.rows} aria-label="Members">
        {inOrder(members.data).map((member) => (
          <MemberRow
            key={member.id}
            member={member}
            names={names}
            isSelf={member.id === session.data?.member?.id}
            now={members.dataUpdatedAt}
            onAction={(kind, of) => begin({ kind, member: of })}
          />
        ))}
      </ul>
    );
  } else if (members.data !== undefined) {
    content = (
      <Notice title="Nobody but the holder of the admin token" action={{ label: 'Invite a member', run: () => begin({ kind: 'invite' }) }}>
        Members sign in with a password of their own and see the projects that you let them into.
      </Notice>
    );
  } else if (members.isError) {
    content = (
      <Notice tone="failed" title="The members could not be loaded" action={{ label: 'Try again', run: () => void members.refetch() }}>
        {messageOf(members.error)}
      </Notice>
    );
  } else {
    content = <Skeleton height={130} role="status" aria-label="Loading the members" />;
  }

  return (
    <>
      <div className={rows.bar}>
        <Button leftSection={<AddIcon size={16} />} onClick={() => begin({ kind: 'invite' })} aria-haspopup="dialog">
          Invite
        </Button>
      </div>
      <p className="visually-hidden" role="status">
        {done}
      </p>
      {content}
      <MemberDialog
        task={task}
        opened={opened}
        projects={projects.data?.filter(({ archived_at }) => archived_at === null) ?? []}
        onTask={setTask}
        onClose={(what) => {
          setOpened(false);
          setDone(what ?? '');
        }}
      />
    </>
  );
}
