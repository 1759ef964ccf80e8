using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Podvirt.Messaging.Tests.Nats;

/// <summary>A logger that keeps its lines, those of every level and with their exceptions.</summary>
internal sealed class LogLines<T> : ILogger<T>
{
    private readonly ConcurrentQueue<(int Id, string Line)> _lines = new();

    public IReadOnlyList<string> All => [.. _lines.Select(l => l.Line)];

    public int Count(int eventId) => _lines.Count(l => l.Id == eventId);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue((eventId.Id, $"{formatter(state, exception)} {exception}"));
}
