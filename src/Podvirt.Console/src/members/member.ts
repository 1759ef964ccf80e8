/** What `GET /api/members` carries. Names are the wire's own. */
export interface Member {
  id: string;
  name: string;
  email: string;
  role: Role;
  /** Ids; an admin sees all projects, whatever stands here. */
  projects: string[];
  status: 'invited' | 'active' | 'disabled';
  created_at: string;
  last_sign_in_at: string | null;
  /** Of the link that was handed out last and not used; null: there is none. */
  invite_expires_at: string | null;
  /** Whether a provider says who this is. */
  oidc: boolean;
}

export type Role = 'admin' | 'member';

export interface Invited {
  member: Member;
  /** Shown once. */
  invite_url: string;
  invite_expires_at: string;
}

export interface MemberDraft {
  name: string;
  email: string;
  role: Role;
  projects: string[];
}

/** Those who can sign in first, then by name. */
export function inOrder(members: readonly Member[]): Member[] {
  const place = { active: 0, invited: 1, disabled: 2 };
  return [...members].sort((a, b) => place[a.status] - place[b.status] || a.name.localeCompare(b.name, 'en', { numeric: true }));
}

/** "All (admin)", the names of the projects, or that there are none. A project that is gone is shown by its id. */
export function projectsOf(member: Pick<Member, 'role' | 'projects'>, names: ReadonlyMap<string, string>): string {
  if (member.role === 'admin') return 'All';
  return member.projects.length === 0 ? 'None' : member.projects.map((id) => names.get(id) ?? id).join(', ');
}
