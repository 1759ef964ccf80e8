import { describe, expect, it } from 'vitest';
import { DrawingQueue, FrameBatcher, type FrameHost } from './drawing';

class FakeHost implements FrameHost {
  time = 0;
  drawMs = 0;
  private frames: (() => void)[] = [];
  now = () => this.time;
  requestFrame = (run: () => void) => void this.frames.push(run);
  afterDrawing = (run: () => void) => {
    this.time += this.drawMs;
    run();
  };
  nextFrame() {
    this.time += 16;
    for (const run of this.frames.splice(0)) run();
  }
}

describe('frame batching', () => {
  it('draws the newest value once per frame', () => {
    const host = new FakeHost();
    const drawn: number[] = [];
    const batcher = new FrameBatcher<number>((value) => drawn.push(value), host);
    for (let value = 0; value < 100; value += 1) batcher.push(value);
    host.nextFrame();
    host.nextFrame();
    expect(drawn).toEqual([99]);
  });

  it('rests after an expensive drawing and still shows the newest value', () => {
    const host = new FakeHost();
    host.drawMs = 40;
    const drawn: number[] = [];
    const batcher = new FrameBatcher<number>((value) => drawn.push(value), host);
    for (let frame = 0; frame < 12; frame += 1) {
      batcher.push(frame);
      host.nextFrame();
    }
    expect(drawn).toEqual([0, 5, 10]);
  });

  it('draws nothing after it was cleared', () => {
    const host = new FakeHost();
    const drawn: number[] = [];
    const batcher = new FrameBatcher<number>((value) => drawn.push(value), host);
    batcher.push(1);
    batcher.clear();
    host.nextFrame();
    expect(drawn).toEqual([]);
  });
});

describe('drawing queue', () => {
  it('draws one at a time, the newest first, and rests after an expensive one', () => {
    const host = new FakeHost();
    host.drawMs = 40;
    const drawn: string[] = [];
    const queue = new DrawingQueue(host);
    queue.add(() => drawn.push('old'));
    const cancel = queue.add(() => drawn.push('cancelled'));
    queue.add(() => drawn.push('new'));
    cancel();
    host.nextFrame();
    expect(drawn).toEqual(['new']);
    host.nextFrame();
    expect(drawn).toEqual(['new']);
    host.nextFrame();
    expect(drawn).toEqual(['new', 'old']);
  });
});
