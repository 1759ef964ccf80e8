import { useEffect, useRef, useState } from 'react';
import type { ModelView } from '../models/model';
import { news, type Told } from './announcement';
import type { VideoJob } from './job';

/** What a screen reader should say of the list, as it changes. */
export function useNews(jobs: readonly VideoJob[] | undefined, model: ModelView): string {
  const told = useRef<Told | null>(null);
  const [said, setSaid] = useState('');
  useEffect(() => {
    if (jobs === undefined) return;
    const heard = news(told.current, jobs, model);
    told.current = heard.told;
    if (heard.say.length > 0) setSaid(heard.say.join('. '));
  }, [jobs, model]);
  return said;
}
