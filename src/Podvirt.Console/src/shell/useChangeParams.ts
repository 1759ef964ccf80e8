import { useCallback } from 'react';
import { useSearchParams, type NavigateOptions } from 'react-router';

export type ChangeParams = (change: (current: URLSearchParams) => URLSearchParams, options?: NavigateOptions) => void;

/** Changes the parameters of the address. From the address itself: two choices may come before the first one is drawn. */
export function useChangeParams(): ChangeParams {
  const [, setParams] = useSearchParams();
  return useCallback((change, options) => void setParams(change(new URLSearchParams(window.location.search)), options), [setParams]);
}
