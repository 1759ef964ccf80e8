import { Button } from '@mantine/core';
import { formatDay, formatDistance, formatMoment } from '../models/moments';
import { Fact } from '../shell/Fact';
import rows from '../shell/Rows.module.css';
import { StateTag, type StateTone } from '../shell/StateTag';
import { projectsOf, type Member } from './member';

export type MemberAction = 'edit' | 'link' | 'disable' | 'enable' | 'remove';

const states: Record<Member['status'], { tone: StateTone; word: string }> = {
  active: { tone: 'good', word: 'Active' },
  invited: { tone: 'waiting', word: 'Invited' },
  disabled: { tone: 'bad', word: 'Disabled' },
};

interface MemberRowProps {
  member: Member;
  /** Names of projects by their ids. */
  names: ReadonlyMap<string, string>;
  isSelf: boolean;
  now: number;
  onAction: (action: MemberAction, member: Member) => void;
}

export function MemberRow({ member, names, isSelf, now, onAction }: MemberRowProps) {
  const state = states[member.status];
  return (
    <li className={rows.row}>
      <div className={rows.rowHead}>
        <h2 className={rows.name}>
          {member.name}
          {isSelf && ' (you)'}
        </h2>
        <StateTag tone={state.tone}>{state.word}</StateTag>
        <span className={rows.code}>{member.email}</span>
      </div>
      <dl className={rows.facts}>
        <Fact label="Role" value={member.role === 'admin' ? 'Admin' : 'Member'} />
        <Fact label="Projects" value={projectsOf(member, names)} />
        <Fact label="Last sign-in" value={member.last_sign_in_at === null ? 'Never' : formatDistance(member.last_sign_in_at, now)} />
        <Fact label="Since" value={formatDay(member.created_at)} />
        {member.oidc && <Fact label="Signs in" value="With the provider" />}
        {member.invite_expires_at !== null && (
          <Fact
            label={Date.parse(member.invite_expires_at) > now ? 'Link works until' : 'Link ended'}
            value={formatMoment(member.invite_expires_at)}
          />
        )}
      </dl>
      <div className={rows.actions}>
        {actionsOf(member).map(({ action, label }) => (
          <Button
            key={action}
            size="xs"
            variant="default"
            aria-label={`${label} ${action === 'link' ? 'for ' : ''}${member.name}`}
            aria-haspopup="dialog"
            onClick={() => onAction(action, member)}
          >
            {label}
          </Button>
        ))}
      </div>
    </li>
  );
}

function actionsOf(member: Member): { action: MemberAction; label: string }[] {
  return [
    { action: 'edit', label: 'Edit' },
    ...(member.oidc ? [] : [{ action: 'link' as const, label: 'New link' }]),
    member.status === 'disabled' ? { action: 'enable', label: 'Enable' } : { action: 'disable', label: 'Disable' },
    { action: 'remove', label: 'Remove' },
  ];
}
