import { Center, Loader } from '@mantine/core';

export function PageLoader() {
  return (
    <Center h="60vh" role="status">
      <Loader size="sm" aria-label="Loading the page" />
    </Center>
  );
}
