import { plural } from '../models/format';

export interface Trial {
  works: boolean;
  /** What came of it, in a sentence. */
  text: string;
}

interface Answer {
  data?: unknown[];
  error?: { message?: string };
}

/** Calls the API as a client would: with the secret alone, without the console's cookie. The secret goes nowhere else. */
export async function tryKey(secret: string): Promise<Trial> {
  let response: Response;
  try {
    response = await fetch('/v1/models', {
      headers: { Authorization: `Bearer ${secret}` },
      credentials: 'omit',
      cache: 'no-store',
    });
  } catch {
    return { works: false, text: 'The server cannot be reached.' };
  }
  let answer: Answer = {};
  try {
    answer = (await response.json()) as Answer;
  } catch {
    // A proxy in between answers in HTML; the status then says all there is.
  }
  return trialOf(response.status, answer);
}

export function trialOf(status: number, answer: Answer): Trial {
  if (status === 200) return { works: true, text: `It works: it may call ${plural(answer.data?.length ?? 0, 'model')}.` };
  return { works: false, text: `Refused with ${status}: ${answer.error?.message ?? 'the server did not say why.'}` };
}
