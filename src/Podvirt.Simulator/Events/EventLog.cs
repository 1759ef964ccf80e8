namespace Podvirt.Simulator.Events;

/// <summary>The frames of a stream that runs in the background, for readers that come when they like and start where they like.</summary>
internal sealed class EventLog : IEventOutput
{
    private readonly Lock _gate = new();
    private readonly List<ReadOnlyMemory<byte>> _frames = [];
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _ended;
    private bool _cut;

    public Task OpenAsync() => Task.CompletedTask;

    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        Change(() => _frames.Add(bytes));
        return ValueTask.CompletedTask;
    }

    public ValueTask CutAsync()
    {
        Change(() => _cut = true);
        return ValueTask.CompletedTask;
    }

    /// <summary>No frame will follow.</summary>
    public void End() => Change(() => _ended = true);

    /// <summary>Sends all frames from one on, as they come, until the last.</summary>
    public async Task CopyAsync(IEventOutput reader, int from, CancellationToken token)
    {
        await reader.OpenAsync();
        while (true)
        {
            ReadOnlyMemory<byte>[] frames;
            Task news;
            bool ended, cut;
            lock (_gate)
            {
                frames = [.. _frames.Skip(from)];
                (news, ended, cut) = (_news.Task, _ended, _cut);
            }

            foreach (var frame in frames)
            {
                await reader.SendAsync(frame);
            }

            from += frames.Length;
            if (cut)
            {
                await reader.CutAsync();
                return;
            }

            if (ended)
            {
                return;
            }

            await news.WaitAsync(token);
        }
    }

    private void Change(Action change)
    {
        TaskCompletionSource news;
        lock (_gate)
        {
            change();
            news = _news;
            _news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        news.TrySetResult();
    }
}
