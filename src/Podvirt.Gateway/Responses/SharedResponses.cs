using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Responses;

/// <summary>
/// Which replica has which response, for all gateways: in the state store, under the project and the id's hash. Every few minutes one of the
/// gateways takes away what has had its time, and the oldest of what is more than may be.
/// </summary>
internal sealed partial class SharedResponses(
    IStateStore store, ILeases leases, GatewayOptions options, TimeProvider time, ILogger<SharedResponses> logger) : BackgroundService
{
    private const string Prefix = "responses/";
    private const string SweepLease = "sweeps/responses";

    private static readonly TimeSpan s_sweepInterval = TimeSpan.FromMinutes(5);

    // The end of a stream waits no longer than this for other gateways to know of it.
    private static readonly TimeSpan s_keepTimeMax = TimeSpan.FromMilliseconds(500);

    /// <summary>Never fails: where it is not kept, this gateway alone goes on from it.</summary>
    public async Task KeepAsync(string project, KeptResponse response, DateTimeOffset until)
    {
        try
        {
            using var limit = new CancellationTokenSource(s_keepTimeMax, time);
            await store.PutAsync(KeyOf(project, response.Id), StateJson.ToBytes(new Place(response, until)), StateDurability.Process, limit.Token);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            LogNotKept(error, response.Model);
        }
    }

    /// <summary>Null: no gateway has seen it, or that cannot be told now.</summary>
    public async ValueTask<(KeptResponse Response, DateTimeOffset Until)?> FindAsync(string project, string id, CancellationToken cancellationToken)
    {
        try
        {
            return await store.GetAsync(KeyOf(project, id), cancellationToken) is { } entry && entry.Read<Place>() is var place
                ? (place.Response, place.Until)
                : null;
        }
        catch (IOException error)
        {
            LogNotFound(error);
            return null;
        }
    }

    /// <summary>Takes away what is not to be kept any longer.</summary>
    internal async Task SweepAsync(CancellationToken cancellationToken)
    {
        if (await leases.TryTakeAsync(SweepLease, default, cancellationToken) is not { } lease)
        {
            return;
        }
        try
        {
            var now = time.GetUtcNow();
            var all = (await store.ListAsync(Prefix, cancellationToken)).Select(e => (e.Key, e.Revision, e.Read<Place>().Until)).OrderBy(p => p.Until).ToList();
            var ended = all.TakeWhile(p => p.Until <= now).Count();
            foreach (var (key, revision, _) in all.Take(Math.Max(ended, all.Count - options.KeptResponsesMax)))
            {
                await store.DeleteAsync(key, revision, StateDurability.Process, cancellationToken);
            }
        }
        finally
        {
            await leases.ReleaseAsync(lease, CancellationToken.None);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_sweepInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await SweepAsync(stoppingToken);
                }
                catch (IOException error)
                {
                    LogNotSwept(error);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    // An id is the engine's: it may be anything.
    private static string KeyOf(string project, string id) => $"{Prefix}{project}/{Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(id)))}";

    [LoggerMessage(1701, LogLevel.Warning, "Where a response of {Model} is could not be shared: other gateways do not find it")]
    private partial void LogNotKept(Exception error, string model);

    [LoggerMessage(1702, LogLevel.Warning, "Where a response is could not be looked up")]
    private partial void LogNotFound(Exception error);

    [LoggerMessage(1703, LogLevel.Warning, "Responses whose time is over could not be taken away; it is tried again")]
    private partial void LogNotSwept(Exception error);

    private sealed record Place(KeptResponse Response, DateTimeOffset Until);
}
