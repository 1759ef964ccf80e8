import { Link, useLocation, useSearchParams } from 'react-router';
import { usagePath } from './address';
import { viewFrom, withView } from './filters/filters';
import { scopeParams } from './filters/scope';
import classes from './UsagePages.module.css';

const pages = [
  { path: usagePath, label: 'Usage', filtered: true },
  { path: `${usagePath}/requests`, label: 'Requests', filtered: true },
  { path: `${usagePath}/rates`, label: 'Rates', filtered: false },
  { path: `${usagePath}/invoices`, label: 'Invoices', filtered: false },
] as const;

/** The pages of Usage Analytics. Time and filters go along between those that have them, the project everywhere. */
export function UsageNav() {
  const { pathname } = useLocation();
  const [params] = useSearchParams();
  return (
    <nav aria-label="Usage Analytics">
      <ul className={classes.nav}>
        {pages.map(({ path, label, filtered }) => {
          const search = filtered ? withView(scopeParams(params), viewFrom(params)) : scopeParams(params);
          return (
            <li key={path}>
              <Link
                to={{ pathname: path, search: search.toString() }}
                aria-current={pathname === path ? 'page' : undefined}
                data-within={path !== usagePath && pathname.startsWith(`${path}/`)}
              >
                {label}
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
