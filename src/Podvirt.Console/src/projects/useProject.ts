import { createContext, useContext } from 'react';
import type { SessionProject } from '../session/session';

export interface Choice {
  /** Those that whoever is signed in may see. */
  projects: SessionProject[];
  /** The one that the console works for: its usage is shown, its keys are made, its account pays for chats. */
  project: SessionProject | null;
  choose: (id: string) => void;
}

export const ChoiceContext = createContext<Choice>({ projects: [], project: null, choose: () => undefined });

export function useProject(): Choice {
  return useContext(ChoiceContext);
}
