/** An error that a library hands over as an event, and not as an exception. */
export class EventError extends Error {}
