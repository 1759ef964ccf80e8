import { describe, expect, it } from 'vitest';
import { sampleAnswer } from '../answers/sampleAnswer';
import type { Conversation, Message } from './conversation';
import { branchOf, newestLeaf, runningMessage, sameTurn, siblingsOf, turnsOf, withMessages } from './tree';

const message = (id: string, parent: string | null): Message => ({
  id,
  parent,
  role: id.startsWith('q') ? 'user' : 'assistant',
  content: id,
  created_at: '2026-11-26T12:00:00Z',
  answer: id.startsWith('q') ? null : sampleAnswer({ id: `of-${id}`, status: 'complete' }),
});

/** q1 has the answers a1 and a2; q2 goes on after a1, and was edited into q3; q4 begins anew. */
const messages = [
  message('q1', null), message('a1', 'q1'), message('q2', 'a1'), message('b2', 'q2'),
  message('a2', 'q1'), message('q3', 'a1'), message('b3', 'q3'), message('q4', null),
];

describe('the tree of a conversation', () => {
  it('shows the branch that ends at the leaf', () => {
    expect(branchOf({ messages, leaf: 'b3' }).map(({ id }) => id)).toEqual(['q1', 'a1', 'q3', 'b3']);
    expect(branchOf({ messages, leaf: 'q4' }).map(({ id }) => id)).toEqual(['q4']);
    expect(branchOf({ messages, leaf: null })).toEqual([]);
  });

  it('ends where a parent is missing, or a message is its own ancestor', () => {
    expect(branchOf({ messages: [message('a9', 'gone')], leaf: 'a9' })).toHaveLength(1);
    expect(branchOf({ messages: [message('q9', 'a9'), message('a9', 'q9')], leaf: 'a9' })).toHaveLength(2);
  });

  it('knows what stands in one place', () => {
    const ids = (id: string) => siblingsOf(messages, messages.find((one) => one.id === id)!).map((one) => one.id);
    expect(ids('a1')).toEqual(['a1', 'a2']);
    expect(ids('q3')).toEqual(['q2', 'q3']);
    expect(ids('q4')).toEqual(['q1', 'q4']);
  });

  it('goes on to the newest end of a branch', () => {
    expect(newestLeaf(messages, 'q1')).toBe('a2');
    expect(newestLeaf(messages, 'a1')).toBe('b3');
    expect(newestLeaf(messages, 'q2')).toBe('b2');
    expect(newestLeaf(messages, 'b2')).toBe('b2');
  });

  it('pairs questions with answers', () => {
    const turns = turnsOf({ messages, leaf: 'q3' });
    expect(turns.map(({ question, answer }) => [question.id, answer?.id ?? null])).toEqual([['q1', 'a1'], ['q3', null]]);
    expect(turns[0]?.answers).toHaveLength(2);
    expect(turns[1]?.questions).toHaveLength(2);
  });

  it('leaves turns the same that did not change', () => {
    const before = { messages, leaf: 'b3' } as Conversation;
    const grown = withMessages(before, [message('q9', 'b3'), message('b9', 'q9')], 'b9');
    const [was, now] = [turnsOf(before), turnsOf(grown)];
    expect(was.every((turn, index) => sameTurn(turn, now[index]!))).toBe(true);
    const edited = turnsOf(withMessages(grown, [message('q8', 'a1'), { ...message('a1', 'q1'), content: 'new' }]));
    expect(now.map((turn, index) => sameTurn(turn, edited[index]!))).toEqual([false, false, true]);
  });

  it('finds the running answer, and takes its end', () => {
    const conversation = { messages: [message('q1', null)], leaf: 'q1' } as Conversation;
    const running = { ...message('a1', 'q1'), answer: sampleAnswer() };
    const asked = withMessages(conversation, [running], 'a1');
    expect(runningMessage(asked.messages)?.id).toBe('a1');
    const ended = withMessages(asked, [message('a1', 'q1')]);
    expect(ended.messages.map(({ id }) => id)).toEqual(['q1', 'a1']);
    expect(ended.leaf).toBe('a1');
    expect(runningMessage(ended.messages)).toBeNull();
    expect(ended.messages[0]).toBe(asked.messages[0]);
  });
});
