import { createTheme, type MantineColorsTuple } from '@mantine/core';

const indigo: MantineColorsTuple = [
  '#eef0fc', '#dce0f7', '#b9c1ee', '#95a1e5', '#7684dd', '#5d6dd4', '#4f5fcd', '#4353c4', '#3846a8', '#2d398a',
];

const slate: MantineColorsTuple = [
  '#d9dce3', '#b4b9c4', '#9299a6', '#6b7280', '#3b414d', '#2b3039', '#22262e', '#191c22', '#131519', '#0d0f12',
];

export const theme = createTheme({
  colors: { indigo, dark: slate },
  primaryColor: 'indigo',
  primaryShade: { light: 7, dark: 7 },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: '620' },
});
