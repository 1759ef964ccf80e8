import { useQuery } from '@tanstack/react-query';
import { getJson } from '../http/api';

/**
 * Asks the API and keeps the answer fresh enough: it is asked again when the page comes back into view. The address is made
 * at each asking, because "this month" moves on; what it depends on is the key.
 */
export function useAsk<T>(key: readonly unknown[], address: () => string, enabled = true) {
  return useQuery({
    queryKey: ['usage', ...key],
    queryFn: ({ signal }) => getJson<T>(address(), signal),
    refetchOnWindowFocus: 'always',
    enabled,
  });
}
