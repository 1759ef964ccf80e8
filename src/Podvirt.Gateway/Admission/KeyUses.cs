using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Keys;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Admission;

/// <summary>
/// Writes down when keys were last used: now and then, some at a time, and what is left when the host stops. A request only leaves
/// the time on its key's account.
/// </summary>
internal sealed partial class KeyUses(KeyRing keys, IStateStore store, TimeProvider time, ILogger<KeyUses> logger) : BackgroundService
{
    /// <summary>How often. Half a minute: fine enough to see that a key is in use.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    /// <summary>Writes of one round at most; who is left comes in the next, longest unwritten first.</summary>
    internal const int WritesMax = 1000;

    private readonly Dictionary<string, long> _written = new(StringComparer.Ordinal);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await WriteAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await WriteAsync(stoppingToken);
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        var due = keys.Accounts
            .Select(account => (account.Id, Used: account.LastUsedTicks, Written: _written.GetValueOrDefault(account.Id)))
            .Where(key => key.Used > key.Written)
            .OrderBy(key => key.Written)
            .Take(WritesMax)
            .ToList();
        try
        {
            await Task.WhenAll(due.Select(async key =>
                await store.PutAsync(KeyUse.StatePrefix + key.Id, StateJson.ToBytes(new KeyUse(new DateTimeOffset(key.Used, TimeSpan.Zero))), StateDurability.Process, cancellationToken)));
            foreach (var key in due)
            {
                _written[key.Id] = key.Used;
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The next round has the same keys again.
            LogNotWritten(e, due.Count);
        }
    }

    [LoggerMessage(1004, LogLevel.Warning, "When {Count} keys were last used could not be written down; it is tried again.")]
    private partial void LogNotWritten(Exception exception, int count);
}
