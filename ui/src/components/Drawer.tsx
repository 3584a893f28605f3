/** A side of the page: a column where there is room, a modal drawer where there is not. */

import { type KeyboardEvent, type ReactNode, useLayoutEffect, useRef } from "react";

interface Props {
  readonly className: string;
  readonly label: string;
  readonly isModal: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function Drawer({ className, label, isModal, onClose, children }: Props): ReactNode {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && !event.defaultPrevented) onClose();
  };
  if (isModal) {
    return (
      <Modal className={className} label={label} onClose={onClose}>
        {children}
      </Modal>
    );
  }
  return (
    <aside className={className} aria-label={label} onKeyDown={onKeyDown} data-panel>
      {children}
    </aside>
  );
}

function Modal({ className, label, onClose, children }: Omit<Props, "isModal">): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal(); // keeps the focus inside and the rest of the page out of reach
    return () => element?.close(); // still in the document, so that the focus goes back to where it was
  }, []);
  return (
    <dialog
      ref={dialog}
      className={`${className} drawer`}
      aria-label={label}
      data-panel
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose(); // the backdrop
      }}
    >
      <div className="drawer-body">{children}</div>
    </dialog>
  );
}
