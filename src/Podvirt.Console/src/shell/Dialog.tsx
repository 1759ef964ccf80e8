import { Modal } from '@mantine/core';
import { useEffect, useLayoutEffect, useRef, type ReactNode } from 'react';

interface DialogProps {
  opened: boolean;
  onClose: () => void;
  title: string;
  size?: 'md' | 'lg' | 'xl';
  /** Closed by its own buttons alone: for what is shown once. */
  stays?: boolean;
  children: ReactNode;
}

/** A dialog over the page. It takes the focus, and gives it back when it closes. */
export function Dialog({ opened, onClose, title, size = 'md', stays = false, children }: DialogProps) {
  useFocusReturn(opened);
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      size={size}
      withCloseButton={!stays}
      closeOnEscape={!stays}
      closeOnClickOutside={!stays}
      closeButtonProps={{ 'aria-label': 'Close' }}
      returnFocus={false}
    >
      {children}
    </Modal>
  );
}

/** The kit's own forgets who opened a dialog that loads when it is opened first. Where the opener is gone, the page gets the focus. */
function useFocusReturn(opened: boolean): void {
  const opener = useRef<Element | null>(null);
  useLayoutEffect(() => {
    if (opened) opener.current = document.activeElement;
  }, [opened]);
  useEffect(() => {
    if (opened) return;
    const back = opener.current;
    opener.current = null;
    if (back instanceof HTMLElement && back.isConnected) back.focus({ preventScroll: true });
    else if (back !== null) document.getElementById('content')?.focus({ preventScroll: true });
  }, [opened]);
}
