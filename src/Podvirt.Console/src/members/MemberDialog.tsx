import { messageOf } from '../http/api';
import type { SessionProject } from '../session/session';
import { Ask } from '../shell/Ask';
import { Dialog } from '../shell/Dialog';
import { LinkView } from './LinkView';
import type { Invited, Member } from './member';
import { MemberForm } from './MemberForm';
import type { MemberAction } from './MemberRow';
import { useInviteMember, useNewLink, useRemoveMember, useUpdateMember } from './useMembers';

/** What the dialog is about. */
export type MemberTask = { kind: 'invite' } | { kind: 'shown'; invited: Invited } | { kind: MemberAction; member: Member };

interface MemberDialogProps {
  task: MemberTask;
  opened: boolean;
  projects: SessionProject[];
  onTask: (task: MemberTask) => void;
  /** `done`: what happened, in a sentence; null where nothing did. */
  onClose: (done: string | null) => void;
}

interface MemberTaskProps {
  member: Member;
  onClose: (done: string | null) => void;
}

export function MemberDialog({ task, opened, projects, onTask, onClose }: MemberDialogProps) {
  const cancel = () => onClose(null);
  const show = (invited: Invited) => onTask({ kind: 'shown', invited });
  return (
    <Dialog opened={opened} onClose={cancel} title={titleOf(task)} size="lg" stays={task.kind === 'shown'}>
      {task.kind === 'invite' && <Invite projects={projects} onInvited={show} onCancel={cancel} />}
      {task.kind === 'shown' && <LinkView invited={task.invited} onDone={cancel} />}
      {task.kind === 'edit' && <Edit member={task.member} projects={projects} onClose={onClose} />}
      {task.kind === 'link' && <NewLink member={task.member} onInvited={show} onClose={onClose} />}
      {(task.kind === 'disable' || task.kind === 'enable') && <Switch member={task.member} off={task.kind === 'disable'} onClose={onClose} />}
      {task.kind === 'remove' && <Remove member={task.member} onClose={onClose} />}
    </Dialog>
  );
}

function titleOf(task: MemberTask): string {
  switch (task.kind) {
    case 'invite':
      return 'Invite a member';
    case 'shown':
      return 'Hand out this link';
    case 'edit':
      return `Edit ${task.member.name}`;
    case 'link':
      return `New link for ${task.member.name}?`;
    case 'disable':
      return `Disable ${task.member.name}?`;
    case 'enable':
      return `Enable ${task.member.name}?`;
    case 'remove':
      return `Remove ${task.member.name}?`;
  }
}

interface InviteProps {
  projects: SessionProject[];
  onInvited: (invited: Invited) => void;
  onCancel: () => void;
}

function Invite({ projects, onInvited, onCancel }: InviteProps) {
  const invite = useInviteMember();
  return (
    <MemberForm
      first={{ name: '', email: '', role: 'member', projects: [] }}
      projects={projects}
      action="Invite"
      busy={invite.isPending}
      error={invite.error}
      onSubmit={(draft) => invite.mutate(draft, { onSuccess: onInvited })}
      onCancel={onCancel}
    />
  );
}

function Edit({ member, projects, onClose }: MemberTaskProps & { projects: SessionProject[] }) {
  const update = useUpdateMember(member.id);
  // A project that was archived cannot be given anew; what is saved holds only those that can.
  const open = new Set(projects.map(({ id }) => id));
  return (
    <MemberForm
      first={{ name: member.name, email: member.email, role: member.role, projects: member.projects.filter((id) => open.has(id)) }}
      projects={projects}
      emailFixed
      action="Save"
      busy={update.isPending}
      error={update.error}
      onSubmit={({ name, role, projects: chosen }) =>
        update.mutate({ name, role, projects: chosen }, { onSuccess: (changed) => onClose(`${changed.name} is changed, from now on.`) })
      }
      onCancel={() => onClose(null)}
    />
  );
}

function NewLink({ member, onInvited, onClose }: MemberTaskProps & { onInvited: (invited: Invited) => void }) {
  const link = useNewLink(member.id);
  return (
    <Ask
      action="Make a new link"
      busy={link.isPending}
      problem={link.isError ? messageOf(link.error) : null}
      onConfirm={() => link.mutate(undefined, { onSuccess: onInvited })}
      onCancel={() => onClose(null)}
    >
      {member.status === 'invited'
        ? 'The link that was handed out before ends.'
        : 'Their password ends at once, and they are signed out everywhere. With the link they choose a new one.'}
    </Ask>
  );
}

function Switch({ member, off, onClose }: MemberTaskProps & { off: boolean }) {
  const update = useUpdateMember(member.id);
  return (
    <Ask
      action={off ? 'Disable' : 'Enable'}
      danger={off}
      busy={update.isPending}
      problem={update.isError ? messageOf(update.error) : null}
      onConfirm={() =>
        update.mutate({ disabled: off }, { onSuccess: () => onClose(`${member.name} is ${off ? 'disabled' : 'enabled'}.`) })
      }
      onCancel={() => onClose(null)}
    >
      {off
        ? 'They are signed out everywhere at once and cannot sign in until they are enabled again. The keys that they made go on working.'
        : 'They can sign in again.'}
    </Ask>
  );
}

function Remove({ member, onClose }: MemberTaskProps) {
  const remove = useRemoveMember(member.id);
  return (
    <Ask
      action="Remove"
      danger
      busy={remove.isPending}
      problem={remove.isError ? messageOf(remove.error) : null}
      onConfirm={() => remove.mutate(undefined, { onSuccess: () => onClose(`${member.name} is removed.`) })}
      onCancel={() => onClose(null)}
    >
      They are signed out everywhere at once. The keys that they made go on working: they belong to their projects.
    </Ask>
  );
}
