import { Tabs, Title } from '@mantine/core';
import { useSearchParams } from 'react-router';
import { ProjectList } from '../projects/ProjectList';
import { useSession } from '../session/session';
import { Notice } from '../shell/Notice';
import pageClasses from '../shell/Page.module.css';
import rows from '../shell/Rows.module.css';
import { useDocumentTitle } from '../shell/useDocumentTitle';
import { MemberList } from './MemberList';

const views = ['members', 'projects'] as const;

/** Who may see what: members, and the projects that they are let into. */
export default function MembersPage() {
  const session = useSession();
  const [params, setParams] = useSearchParams();
  const view = views.find((known) => known === params.get('view')) ?? 'members';
  useDocumentTitle(view === 'members' ? 'Members' : 'Projects');

  if (session.data?.role !== 'admin') {
    return (
      <div className={pageClasses.page}>
        <Notice level={1} title="This page is for admins" action={{ label: 'To the models', to: '/inference/serverless' }}>
          You are signed in as a member. An admin of this Podvirt can change your role.
        </Notice>
      </div>
    );
  }
  return (
    <div className={pageClasses.page}>
      <header className={rows.head}>
        <Title order={1} size="h3">
          Members
        </Title>
      </header>
      <Tabs
        value={view}
        onChange={(chosen) => setParams(chosen === 'projects' ? { view: chosen } : {}, { replace: true })}
        keepMounted={false}
      >
        <Tabs.List aria-label="Who and what">
          <Tabs.Tab value="members">Members</Tabs.Tab>
          <Tabs.Tab value="projects">Projects</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="members">
          <MemberList />
        </Tabs.Panel>
        <Tabs.Panel value="projects">
          <ProjectList />
        </Tabs.Panel>
      </Tabs>
    </div>
  );
}
