/** What the mock says, chosen by a word in the question. */
export interface Script {
  reasoning: string;
  text: string;
  /** How it ends: as it should, with an error event, or with nothing at all. */
  end: 'done' | 'error' | 'cut';
  tokenMs: number;
}

const explanation = `A **KV cache** keeps the keys and values of earlier tokens, so that each new token costs one step instead of a whole pass.

## Why it matters

1. Without it, token *n* repeats the work of all *n − 1* before it.
2. With it, memory grows by a fixed amount per token:

| model | layers | bytes per token |
|---|---:|---:|
| 8B, 16 bit | 36 | 147,456 |
| 8B, 8 bit | 36 | 73,728 |
| 32B, 16 bit | 64 | 262,144 |

\`\`\`python
def decode(model, cache, token):
    """One step: reads the cache, adds one entry."""
    query, key, value = model.project(token)
    cache.append(key, value)
    # Attention over everything said so far.
    return model.attend(query, cache.keys, cache.values), 0.5
\`\`\`

So \`prompt_tokens\` that were seen before are *cached tokens*, and cheaper. See the [paper](https://example.org/paper), but not [this](javascript:alert(1)) or ![a chart](https://example.org/chart.png).

<script>document.title = 'broken'</script>

> Rule of thumb: what the cache saves in time it costs in memory.
`;

const reasoning = 'The user is a backend engineer, so compare it with memoization.\nA table of sizes will help; then a short piece of code.';

export function scriptFor(question: string): Script {
  const script: Script = { reasoning: '', text: explanation, end: 'done', tokenMs: 12 };
  if (question.includes('reason')) script.reasoning = reasoning;
  if (question.includes('think')) script.text = `<think>${reasoning}</think>\n\n${explanation}`;
  if (question.includes('break')) script.end = 'error';
  if (question.includes('cut')) script.end = 'cut';
  if (question.includes('slow')) script.tokenMs = 120;
  if (question.includes('long')) {
    script.text = Array.from({ length: 160 }, (_, part) => `# Part ${part + 1}\n\n${explanation}`).join('\n');
    script.tokenMs = 0;
  }
  if (question.includes('one block')) script.text = `\`\`\`python\n${'value = compute(value, 1)\n'.repeat(4000)}\`\`\`\n`;
  return script;
}

/** Pieces of about four characters, which fall anywhere: in the middle of tags and fences too. */
export function tokens(text: string): string[] {
  return text.match(/[\s\S]{1,4}/gu) ?? [];
}
