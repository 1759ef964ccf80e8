import { Modal } from '@mantine/core';
import type { ReactNode } from 'react';

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
    >
      {children}
    </Modal>
  );
}
