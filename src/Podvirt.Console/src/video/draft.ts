import type { VideoOffer } from '../models/model';
import type { VideoJob } from './job';

/** What the form holds. An empty field means the engine's own default. */
export interface VideoDraft {
  prompt: string;
  size: string;
  seconds: number | '';
  seed: number | '';
  reference: File | null;
  negativePrompt: string;
  steps: number | '';
  guidance: number | '';
  fps: number | '';
}

/** The form's fields, as the API names them. */
export const fields = [
  'prompt',
  'size',
  'seconds',
  'seed',
  'input_reference',
  'negative_prompt',
  'num_inference_steps',
  'guidance_scale',
  'fps',
] as const;

export type Field = (typeof fields)[number];

/** Those that stand under "More". */
export const moreFields: readonly Field[] = ['negative_prompt', 'num_inference_steps', 'guidance_scale', 'fps'];

export type FieldProblems = Partial<Record<Field, string>>;

/** Where a model names what it offers, the first of it is chosen. */
export function emptyDraft(offer: VideoOffer | null): VideoDraft {
  return {
    prompt: '',
    size: offer?.sizes[0] ?? '',
    seconds: offer?.seconds[0] ?? '',
    seed: '',
    reference: null,
    negativePrompt: '',
    steps: '',
    guidance: '',
    fps: '',
  };
}

/** What can be told before anything is sent; the server knows the rest. */
export function problemsOf(draft: VideoDraft, offer: VideoOffer | null): FieldProblems {
  const problems: FieldProblems = {};
  const longest = offer?.max_seconds ?? null;
  if (draft.prompt.trim() === '') problems.prompt = 'Say what the video should show.';
  if (draft.size.trim() !== '' && !/^[1-9]\d*x[1-9]\d*$/.test(sizeOf(draft))) problems.size = 'Width x height in pixels, such as 1280x720.';
  if (draft.seconds !== '' && draft.seconds <= 0) problems.seconds = 'A video is longer than that.';
  else if (draft.seconds !== '' && longest !== null && draft.seconds > longest) problems.seconds = `At most ${longest} s.`;
  return problems;
}

/** "1280 × 720" and "1280X720" are meant as 1280x720. */
function sizeOf(draft: VideoDraft): string {
  return draft.size.replace(/\s+/g, '').replace(/[×X*]/, 'x');
}

/** The call's body. The file goes last: what is said of it stands before it. */
export function formOf(draft: VideoDraft, model: string): FormData {
  const form = new FormData();
  const add = (field: Field | 'model', value: string | number) => {
    if (value !== '') form.append(field, String(value));
  };
  add('model', model);
  add('prompt', draft.prompt.trim());
  add('size', sizeOf(draft));
  add('seconds', draft.seconds);
  add('seed', draft.seed);
  add('negative_prompt', draft.negativePrompt.trim());
  add('num_inference_steps', draft.steps);
  add('guidance_scale', draft.guidance);
  add('fps', draft.fps);
  if (draft.reference !== null) form.append('input_reference', draft.reference);
  return form;
}

/** What a job was asked for with; an image is not kept. */
export function draftOf(job: VideoJob, offer: VideoOffer | null): VideoDraft {
  const first = emptyDraft(offer);
  const { settings } = job.podvirt;
  return {
    prompt: job.prompt,
    size: job.size ?? first.size,
    seconds: numberOr(job.seconds, first.seconds),
    seed: numberOr(settings.seed),
    reference: null,
    negativePrompt: settings.negative_prompt ?? '',
    steps: numberOr(settings.num_inference_steps),
    guidance: numberOr(settings.guidance_scale),
    fps: numberOr(settings.fps),
  };
}

function numberOr(text: string | null | undefined, other: number | '' = ''): number | '' {
  if (text === null || text === undefined || text.trim() === '') return other;
  const number = Number(text);
  return Number.isFinite(number) ? number : other;
}
