namespace Podvirt.Gateway.Transport;

/// <summary>The process's event loops, one thread each. Sockets are dealt out in turn and stay where they are.</summary>
internal sealed class EventLoops : IDisposable
{
    private readonly EventLoop[] _loops;
    private int _next = -1;

    public EventLoops(int count, TimeProvider? measuredBy = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        _loops = [.. Enumerable.Range(0, count).Select(i => new EventLoop($"podvirt io {i}", measuredBy))];
    }

    /// <summary>Where the next socket goes.</summary>
    public EventLoop Next() => _loops[(uint)Interlocked.Increment(ref _next) % (uint)_loops.Length];

    /// <inheritdoc cref="EventLoop.Longest"/>
    public TimeSpan Longest => _loops.Max(loop => loop.Longest);

    public void Dispose()
    {
        foreach (var loop in _loops)
        {
            loop.Dispose();
        }
    }
}
