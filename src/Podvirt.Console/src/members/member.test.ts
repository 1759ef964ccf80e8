import { describe, expect, it } from 'vitest';
import { inOrder, projectsOf, type Member } from './member';

describe('members', () => {
  it('who can sign in come first', () => {
    const members = [
      { id: '1', status: 'disabled', name: 'Ada' },
      { id: '2', status: 'active', name: 'Grace' },
      { id: '3', status: 'invited', name: 'Bo' },
      { id: '4', status: 'active', name: 'Edsger' },
    ] as Member[];
    expect(inOrder(members).map(({ id }) => id)).toEqual(['4', '2', '3', '1']);
  });

  it('see their projects by name, admins all', () => {
    const names = new Map([['search', 'Search']]);
    expect(projectsOf({ role: 'member', projects: ['search', 'gone'] }, names)).toBe('Search, gone');
    expect(projectsOf({ role: 'member', projects: [] }, names)).toBe('None');
    expect(projectsOf({ role: 'admin', projects: [] }, names)).toBe('All');
  });
});
