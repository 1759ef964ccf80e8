/** What the address of a comparison holds: its models in order, and the answer of each, once it was asked. */
export interface Contestant {
  model: string;
  answer: string | null;
}

export const mostModels = 4;

export function contestantsIn(search: string): Contestant[] {
  const query = new URLSearchParams(search);
  const answers = query.getAll('answer');
  const found = new Map<string, Contestant>();
  query.getAll('model').forEach((model, index) => {
    const answer = answers[index] ?? '';
    if (model !== '' && !found.has(model)) found.set(model, { model, answer: answer === '' ? null : answer });
  });
  return [...found.values()].slice(0, mostModels);
}

export function comparePath(contestants: Contestant[]): string {
  const query = new URLSearchParams();
  for (const { model } of contestants) query.append('model', model);
  if (contestants.some(({ answer }) => answer !== null)) for (const { answer } of contestants) query.append('answer', answer ?? '');
  const text = query.toString();
  return `/inference/compare${text === '' ? '' : `?${text}`}`;
}
