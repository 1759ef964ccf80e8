import { useCallback, useEffect, useRef, useState } from 'react';
import { useSearchParams } from 'react-router';
import { useChangeParams } from '../shell/useChangeParams';
import { filtersFrom, withFilters, type Filters } from './filters';

/** Browsers refuse to change the address at every keystroke of a fast typist. */
const settleMs = 150;

/** The filters: at once on the page, a moment later in the address. Back, forward and links set them too. */
export function useFilters(): [Filters, (next: Filters) => void] {
  const [params] = useSearchParams();
  const changeParams = useChangeParams();
  const [filters, setFilters] = useState(() => filtersFrom(params));
  const pending = useRef<ReturnType<typeof setTimeout> | null>(null);

  useEffect(() => {
    // While a write is on its way the address is behind the page, not ahead of it.
    if (pending.current === null) setFilters(filtersFrom(params));
  }, [params]);

  useEffect(
    () => () => {
      if (pending.current !== null) clearTimeout(pending.current);
      pending.current = null;
    },
    [],
  );

  const change = useCallback(
    (next: Filters) => {
      setFilters(next);
      if (pending.current !== null) clearTimeout(pending.current);
      pending.current = setTimeout(() => {
        pending.current = null;
        changeParams((current) => withFilters(current, next), { replace: true });
      }, settleMs);
    },
    [changeParams],
  );

  return [filters, change];
}
