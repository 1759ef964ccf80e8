using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Projects;
using Podvirt.Gateway.Routing;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Admission.Quotas;

/// <summary>
/// Takes chunks of shared limits for this gateway, reports what was used of them, and gives back what is not. Requests take from the
/// chunks; they wait for this only where a chunk is out. A gateway that is detached goes on with the chunks that it has.
/// </summary>
internal sealed partial class QuotaKeeper : BackgroundService
{
    // Asks of this time share one write.
    private static readonly TimeSpan s_coalescing = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    // What was used is reported so often: as much as a gateway uses meanwhile may be forgotten with it.
    private static readonly TimeSpan s_report = TimeSpan.FromSeconds(2);

    // Longer than the gaps of steady use; others want it.
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(5);

    private const int TriesMax = 8;
    private const int WritersMax = 8;

    private readonly Accounts _accounts;
    private readonly IStateStore _store;
    private readonly IConsumption _consumption;
    private readonly Membership _membership;
    private readonly TimeProvider _time;
    private readonly ILogger<QuotaKeeper> _logger;
    private readonly ConcurrentDictionary<QuotaPage, bool> _asked = new();
    private readonly ConcurrentDictionary<QuotaPage, bool> _open = new();
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public QuotaKeeper(
        Accounts accounts, IStateStore store, IConsumption consumption, Membership membership, TimeProvider time, ILogger<QuotaKeeper> logger)
    {
        _accounts = accounts;
        _store = store;
        _consumption = consumption;
        _membership = membership;
        _time = time;
        _logger = logger;
        accounts.QuotaAsked = Ask;
    }

    /// <summary>From any thread, under any lock; costs one entry.</summary>
    public void Ask(QuotaPage page)
    {
        if (_asked.TryAdd(page, true))
        {
            _signal.Writer.TryWrite(true);
        }
    }

    /// <summary>Settles every page that was asked for.</summary>
    internal Task WorkAsync(CancellationToken cancellationToken) => Parallel.ForEachAsync(
        _asked.Keys.ToArray(), new ParallelOptions { MaxDegreeOfParallelism = WritersMax, CancellationToken = cancellationToken },
        async (page, token) =>
        {
            // Taken out first: what is asked from here on asks again.
            _asked.TryRemove(page, out _);
            try
            {
                await SettleAsync(page, token);
            }
            finally
            {
                page.Complete(_accounts.Now);
            }
        });

    /// <summary>Asks for the pages whose time has come.</summary>
    internal void Look()
    {
        foreach (var page in _open.Keys)
        {
            var (isDue, isOpen) = page.Look(_accounts.Month, _accounts.Now, s_report, s_idle);
            if (isDue)
            {
                Ask(page);
            }
            else if (!isOpen)
            {
                _open.TryRemove(page, out _);
            }
        }
    }

    /// <summary>One settlement with the store.</summary>
    internal async Task SettleAsync(QuotaPage page, CancellationToken cancellationToken)
    {
        if (!_membership.Holds)
        {
            return;
        }
        _open.TryAdd(page, true);
        for (var i = 0; i < TriesMax; i++)
        {
            var (record, revision) = i == 0 && page.Known is { } known ? known : await ReadAsync(page, cancellationToken);
            var isGone = await FindGoneAsync(record, cancellationToken);
            var utcNow = _accounts.UtcNow;
            var seeds = record.Month != UtcMonth.Of(utcNow).ToString() || page.HasUnknown(record) ? await ReadSeedsAsync(page, utcNow, cancellationToken) : null;
            var next = page.Plan(record, _membership.Id, isGone, seeds, utcNow, _accounts.Now, s_idle);
            var bytes = StateJson.ToBytes(next);
            var written = revision is { } over
                ? await _store.UpdateAsync(page.StoreKey, bytes, over, StateDurability.Machine, cancellationToken)
                : await _store.CreateAsync(page.StoreKey, bytes, StateDurability.Machine, cancellationToken);
            if (written is { } now)
            {
                page.Known = (next, now);
                page.Take(next, _membership.Id, UtcMonth.Of(utcNow), _accounts.Now);
                return;
            }
            page.Keep();
            page.Known = null;
        }
        Ask(page);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(KeepAsync(ServeAsync, stoppingToken), KeepAsync(TickAsync, stoppingToken));

    private async Task<(QuotaRecord Record, long? Revision)> ReadAsync(QuotaPage page, CancellationToken cancellationToken) =>
        await _store.GetAsync(page.StoreKey, cancellationToken) is { } entry ? (entry.Read<QuotaRecord>(), entry.Revision) : (QuotaRecord.Empty, null);

    // Who claims had its membership before: one that is missing in a list that was asked for afterwards has ended.
    private async ValueTask<Func<string, bool>> FindGoneAsync(QuotaRecord record, CancellationToken cancellationToken)
    {
        if (record.Meters.Values.Any(meter => meter.Shares.Keys.Any(gateway => !_membership.Members.Contains(gateway))))
        {
            await _membership.ListAsync(cancellationToken);
        }
        var members = _membership.Members;
        return gateway => gateway != _membership.Id && !members.Contains(gateway);
    }

    private async Task<IReadOnlyDictionary<string, Int128>> ReadSeedsAsync(QuotaPage page, DateTimeOffset utcNow, CancellationToken cancellationToken)
    {
        var seeds = new Dictionary<string, Int128>(StringComparer.Ordinal);
        foreach (var part in await _consumption.ReadAsync(UtcMonth.Of(utcNow), cancellationToken))
        {
            Add(QuotaRecord.KeyOf(part.Project), ProjectAccount.TokensPrefix + part.Model, part.Tokens);
            Add(QuotaRecord.KeyOf(part.Project), ProjectAccount.VideosPrefix + part.Model, part.VideoUs);
            if (part.Key.Length > 0)
            {
                Add(QuotaRecord.KeyOf(part.Project, part.Key), KeyAccount.BudgetName, part.Cost.Pico);
            }
        }
        return seeds;

        void Add(string storeKey, string name, Int128 amount)
        {
            if (storeKey == page.StoreKey)
            {
                seeds[name] = seeds.GetValueOrDefault(name) + amount;
            }
        }
    }

    private async Task ServeAsync(CancellationToken cancellationToken)
    {
        while (await _signal.Reader.WaitToReadAsync(cancellationToken))
        {
            _signal.Reader.TryRead(out _);
            await WorkAsync(cancellationToken);
            await Task.Delay(s_coalescing, _time, cancellationToken);
        }
    }

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(s_interval, _time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            Look();
        }
    }

    /// <summary>Runs until the host stops. What fails is said and begun again; chunks stay what they are meanwhile.</summary>
    private async Task KeepAsync(Func<CancellationToken, Task> run, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await run(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is IOException or TimeoutException or JsonException)
            {
                LogFailed(e);
            }
            await Task.Delay(s_interval, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(1005, LogLevel.Warning, "Shares of limits cannot be settled with the other gateways: what this one has of them goes on, and it is tried again.")]
    private partial void LogFailed(Exception exception);
}
