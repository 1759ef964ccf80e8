using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Podvirt.Messaging.Nats;

/// <summary>
/// What the client library says of itself, which is the only place where it tells why it cannot connect. Kept as the reason
/// of the present outage; it would fill the log with one line an attempt. The library is given no secret that it could say.
/// </summary>
/// <param name="log">Hears all of it, as details.</param>
/// <param name="first">Called with the first reason of an outage.</param>
internal sealed class NatsFailures(ILogger log, Action<string> first) : ILoggerFactory
{
    private string _last = "";

    /// <summary>The last one; empty: none.</summary>
    public string Last => Volatile.Read(ref _last);

    public void Clear() => Volatile.Write(ref _last, "");

    public ILogger CreateLogger(string categoryName) => new Listener(this);

    public void Hear(string reason)
    {
        reason = reason.TrimEnd('.');
        if (Interlocked.Exchange(ref _last, reason).Length == 0)
        {
            first(reason);
        }
    }

    public void AddProvider(ILoggerProvider provider)
    {
        // Everything goes to the one logger.
    }

    public void Dispose()
    {
        // The logger is its owner's.
    }

    private sealed class Listener(NatsFailures failures) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => NullLogger.Instance.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }
            if (exception is not OperationCanceledException)
            {
                failures.Hear(exception?.Message ?? formatter(state, null));
            }
            failures.Detail(eventId, state, exception, formatter);
        }
    }

    private void Detail<TState>(EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (log.IsEnabled(LogLevel.Debug))
        {
            log.Log(LogLevel.Debug, eventId, state, exception, formatter);
        }
    }
}
