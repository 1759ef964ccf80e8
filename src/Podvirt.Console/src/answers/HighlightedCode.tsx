import { common, createLowlight } from 'lowlight';
import { memo, useMemo, type ReactNode } from 'react';

const lowlight = createLowlight(common);

type Node = ReturnType<typeof lowlight.highlight>['children'][number];

/** Code in colours, as elements: nothing is ever set as HTML. An unknown language stays plain. */
const HighlightedCode = memo(function HighlightedCode({ code, language }: { code: string; language: string }) {
  const nodes = useMemo(
    () => (lowlight.registered(language) ? lowlight.highlight(language, code).children.map(draw) : code),
    [code, language],
  );
  return <code>{nodes}</code>;
});

export default HighlightedCode;

function draw(node: Node, key: number): ReactNode {
  if (node.type === 'text') return node.value;
  if (node.type !== 'element') return null;
  const names = node.properties['className'];
  return (
    <span key={key} className={Array.isArray(names) ? names.join(' ') : undefined}>
      {node.children.map(draw)}
    </span>
  );
}
