import { Center, Loader } from '@mantine/core';

export function PageLoader() {
  return (
    <Center h="60vh" role="status">
      <Loader size="sm" aria-hidden="true" />
      <span className="visually-hidden">Loading the page</span>
    </Center>
  );
}
