import { AppShell, Burger, NavLink, Text } from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import { Suspense, useEffect, useRef } from 'react';
import { Link, Outlet, useLocation } from 'react-router';
import { ProjectSwitcher } from '../projects/ProjectSwitcher';
import { useSession } from '../session/session';
import { AccountPanel } from '../session/AccountPanel';
import { ErrorBoundary } from './ErrorBoundary';
import { destinations } from './destinations';
import { Mark } from './icons';
import { FeedNote } from './FeedNote';
import { PageLoader } from './PageLoader';
import classes from './Shell.module.css';

export function Shell() {
  const [opened, { toggle, close }] = useDisclosure(false);
  const wide = useMediaQuery('(min-width: 48em)', true, { getInitialValueInEffect: false });
  const { pathname } = useLocation();
  const session = useSession();
  const main = useRef<HTMLElement>(null);
  const shown = useRef(pathname);

  useEffect(() => {
    close();
    // A page change starts the reader and the Tab key at the new page, not at the link that is gone.
    // A field of the new page that took the focus itself keeps it.
    if (shown.current !== pathname && main.current?.contains(document.activeElement) !== true) main.current?.focus();
    shown.current = pathname;
  }, [pathname, close]);

  return (
    <AppShell
      layout="alt"
      header={{ height: { base: 52, sm: 0 } }}
      navbar={{ width: 216, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      transitionDuration={150}
    >
      <a className={classes.skip} href="#content">
        Skip to the content
      </a>
      <AppShell.Header hiddenFrom="sm" className={classes.header}>
        <Burger opened={opened} onClick={toggle} size="sm" aria-label="Navigation" aria-expanded={opened} />
        <Brand />
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar} inert={!wide && !opened}>
        <div className={classes.navbarTop}>
          <Brand />
          <Burger opened onClick={close} size="sm" hiddenFrom="sm" aria-label="Close the navigation" />
        </div>
        <nav aria-label="Main" className={classes.nav}>
          <Text size="xs" fw={600} c="dimmed" className={classes.group}>
            Inference
          </Text>
          {destinations
            .filter(({ adminOnly }) => !adminOnly || session.data?.role === 'admin')
            .map(({ path, label, icon: Icon }) => (
              <NavLink
                key={path}
                component={Link}
                to={path}
                label={label}
                leftSection={<Icon />}
                active={pathname.startsWith(path)}
                aria-current={pathname === path ? 'page' : undefined}
              />
            ))}
        </nav>
        <ProjectSwitcher />
        <AccountPanel />
      </AppShell.Navbar>
      <AppShell.Main id="content" ref={main} tabIndex={-1} className={classes.main}>
        <FeedNote />
        <ErrorBoundary resetKey={pathname}>
          <Suspense fallback={<PageLoader />}>
            <Outlet />
          </Suspense>
        </ErrorBoundary>
      </AppShell.Main>
    </AppShell>
  );
}

function Brand() {
  return (
    <Link to="/inference/serverless" className={classes.brand}>
      <Mark size={24} /> Podvirt
    </Link>
  );
}
