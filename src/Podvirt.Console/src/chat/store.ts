import { defaultSettings, newId, type Conversation, type Settings } from './conversation';

/** Only what this tab needs to survive a reload. The version changes when the shape does. */
interface Saved {
  version: 1;
  conversation: Conversation;
  settings: Settings;
}

const key = (model: string) => `podvirt.chat.${model}`;

export function emptyConversation(): Conversation {
  return { sessionId: newId(), turns: [] };
}

/** An answer that was under way when the page went: said as it is, with a retry beside it. */
function settle(conversation: Conversation): Conversation {
  return {
    ...conversation,
    turns: conversation.turns.map((turn) =>
      turn.answer.outcome === 'running'
        ? {
            ...turn,
            answer: {
              ...turn.answer,
              outcome: turn.answer.text === '' && turn.answer.reasoning === '' ? 'failed' : 'interrupted',
              error: 'The page was left before this answer was complete.',
            },
          }
        : turn,
    ),
  };
}

export function loadChat(model: string): { conversation: Conversation; settings: Settings } {
  try {
    const saved = JSON.parse(window.sessionStorage.getItem(key(model)) ?? 'null') as Saved | null;
    if (saved?.version === 1) return { conversation: settle(saved.conversation), settings: saved.settings };
  } catch {
    // Storage that is switched off or holds something else is the same as none.
  }
  return { conversation: emptyConversation(), settings: defaultSettings };
}

export function saveChat(model: string, conversation: Conversation, settings: Settings): void {
  const saved: Saved = { version: 1, conversation, settings };
  try {
    window.sessionStorage.setItem(key(model), JSON.stringify(saved));
  } catch {
    // Full or switched off: the conversation then lasts as long as the page.
  }
}
