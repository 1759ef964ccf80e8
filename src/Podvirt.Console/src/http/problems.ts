import { ApiError, messageOf } from './api';

/** What the server says of one field of a form; null where it says nothing of it. */
export function problemAt(error: unknown, field: string): string | null {
  return error instanceof ApiError && error.param === field ? error.message : null;
}

/** What is wrong and belongs to none of the form's fields. */
export function problemElsewhere(error: unknown, fields: readonly string[]): string | null {
  if (error === null || error === undefined) return null;
  if (error instanceof ApiError && error.param !== null && fields.includes(error.param)) return null;
  return messageOf(error);
}
