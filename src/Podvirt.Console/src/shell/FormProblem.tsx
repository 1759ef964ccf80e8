import { Alert } from '@mantine/core';

/** What is wrong with a form as a whole. Nothing while nothing is. */
export function FormProblem({ children }: { children: string | null }) {
  if (children === null) return null;
  return (
    <Alert color="red" variant="light" role="alert">
      {children}
    </Alert>
  );
}
