/** As the server holds it: see `POST /api/session/invites/accept`. */
export const passwordLength = { min: 12, max: 200 };

/** What is wrong with a new password; null where nothing is. The server has the last word. */
export function newPasswordProblem(password: string): string | null {
  if (password.length < passwordLength.min) return `A password has at least ${passwordLength.min} characters.`;
  if (password.length > passwordLength.max) return `A password has at most ${passwordLength.max} characters.`;
  return null;
}
