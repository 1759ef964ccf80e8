/** What the batcher needs of the browser; replaced in tests. */
export interface FrameHost {
  now(): number;
  requestFrame(run: () => void): void;
  /** Runs after the drawing that a frame caused. */
  afterDrawing(run: () => void): void;
}

const browser: FrameHost = {
  now: () => performance.now(),
  requestFrame: (run) => void requestAnimationFrame(run),
  afterDrawing: (run) => void setTimeout(run, 0),
};

/** After a drawing that took t, the page belongs to the user for this many times t. */
const restFactor = 2;
/** What can wait rests less: it has an end. */
const queueRestFactor = 0.5;
/** A drawing this short needs no rest. */
const cheapMs = 8;

/**
 * Hands over only the newest value, at most once per animation frame, and less often the longer drawing takes:
 * a page that shows a very long answer then stays responsive.
 */
export class FrameBatcher<T> {
  private readonly draw: (value: T) => void;
  private readonly host: FrameHost;
  private latest: { value: T } | null = null;
  private scheduled = false;
  private restUntil = 0;

  constructor(draw: (value: T) => void, host: FrameHost = browser) {
    this.draw = draw;
    this.host = host;
  }

  push(value: T): void {
    this.latest = { value };
    this.schedule();
  }

  /** Forgets what has not been drawn yet; the caller draws the final value itself. */
  clear(): void {
    this.latest = null;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.host.requestFrame(() => this.frame());
  }

  private frame(): void {
    this.scheduled = false;
    if (this.latest === null) return;
    const began = this.host.now();
    if (began < this.restUntil) {
      this.schedule();
      return;
    }
    const { value } = this.latest;
    this.latest = null;
    this.draw(value);
    this.host.afterDrawing(() => {
      const ended = this.host.now();
      const cost = ended - began;
      this.restUntil = cost > cheapMs ? ended + cost * restFactor : 0;
    });
  }
}

/** Runs what can wait one after another, the newest first, and leaves the page to the user in between. */
export class DrawingQueue {
  private readonly host: FrameHost;
  private readonly waiting: (() => void)[] = [];
  private scheduled = false;
  private restUntil = 0;

  constructor(host: FrameHost = browser) {
    this.host = host;
  }

  /** Returns what takes it out again. */
  add(draw: () => void): () => void {
    this.waiting.push(draw);
    this.schedule();
    return () => {
      const at = this.waiting.indexOf(draw);
      if (at >= 0) this.waiting.splice(at, 1);
    };
  }

  private schedule(): void {
    if (this.scheduled || this.waiting.length === 0) return;
    this.scheduled = true;
    this.host.requestFrame(() => this.frame());
  }

  private frame(): void {
    this.scheduled = false;
    const began = this.host.now();
    if (began >= this.restUntil) {
      this.waiting.pop()?.();
      this.host.afterDrawing(() => {
        const ended = this.host.now();
        const cost = ended - began;
        this.restUntil = cost > cheapMs ? ended + cost * queueRestFactor : 0;
      });
    }
    this.schedule();
  }
}
