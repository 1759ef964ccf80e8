import { isRunning } from '../answers/answer';
import type { Conversation, Message } from './conversation';

/** From the first message to the leaf. */
export function branchOf({ messages, leaf }: Pick<Conversation, 'messages' | 'leaf'>): Message[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const branch: Message[] = [];
  let at = leaf === null ? undefined : byId.get(leaf);
  // A message is taken out as it is passed, so that even a broken tree ends.
  while (at !== undefined && byId.delete(at.id)) {
    branch.push(at);
    at = at.parent === null ? undefined : byId.get(at.parent);
  }
  return branch.reverse();
}

/** The messages that stand in one place, oldest first. */
export function siblingsOf(messages: Message[], message: Message): Message[] {
  return messages.filter(({ parent, role }) => parent === message.parent && role === message.role);
}

/** The leaf of the newest branch through a message: where the reader goes on after choosing it. */
export function newestLeaf(messages: Message[], id: string): string {
  const newest = new Map(messages.map((message) => [message.parent, message.id]));
  const seen = new Set<string>();
  let leaf = id;
  for (let child = newest.get(leaf); child !== undefined && !seen.has(child); child = newest.get(leaf)) {
    seen.add(child);
    leaf = child;
  }
  return leaf;
}

export interface Turn {
  question: Message;
  questions: Message[];
  answer: Message | null;
  answers: Message[];
}

/** The branch as questions with their answers, each with the siblings it may be exchanged for. */
export function turnsOf(conversation: Pick<Conversation, 'messages' | 'leaf'>): Turn[] {
  const turns: Turn[] = [];
  for (const message of branchOf(conversation)) {
    const siblings = siblingsOf(conversation.messages, message);
    const last = turns.at(-1);
    if (message.role === 'user') turns.push({ question: message, questions: siblings, answer: null, answers: [] });
    else if (last !== undefined) {
      last.answer = message;
      last.answers = siblings;
    }
  }
  return turns;
}

/** A conversation has one running answer at most, on whatever branch. */
export function runningMessage(messages: Message[]): Message | null {
  return messages.find(({ answer }) => answer !== null && isRunning(answer)) ?? null;
}

/** With messages added or brought up to date, and another leaf if one is given. */
export function withMessages(conversation: Conversation, changed: Message[], leaf = conversation.leaf): Conversation {
  const byId = new Map(changed.map((message) => [message.id, message]));
  const messages = conversation.messages.map((message) => {
    const now = byId.get(message.id);
    byId.delete(message.id);
    return now ?? message;
  });
  return { ...conversation, leaf, messages: [...messages, ...byId.values()] };
}

/** Whether a turn is drawn the same: messages that did not change stay identical. */
export function sameTurn(before: Turn, after: Turn): boolean {
  const same = (a: Message[], b: Message[]) => a.length === b.length && a.every((message, index) => message.id === b[index]?.id);
  return (
    before.question === after.question &&
    before.answer === after.answer &&
    same(before.questions, after.questions) &&
    same(before.answers, after.answers)
  );
}
