using System.Collections.Concurrent;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Admission.Quotas;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Surfaces;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Admission;

/// <summary>All projects and keys that were heard of, with what they used.</summary>
internal sealed class Accounts
{
    private readonly ConcurrentDictionary<string, ProjectAccount> _projects = new(StringComparer.Ordinal);
    private readonly Func<string, ProjectAccount> _open;
    private readonly RateBoard _rates;
    private readonly TimeProvider _time;

    /// <param name="rates">What things cost.</param>
    /// <param name="time">The clock.</param>
    /// <param name="options">Whether other gateways use the same limits; left out, none does.</param>
    public Accounts(RateBoard rates, TimeProvider time, GatewayOptions? options = null)
    {
        _rates = rates;
        _time = time;
        _open = options is { HasPeers: true } ? id => new ProjectAccount(id, AskForQuota) : static id => new ProjectAccount(id);
    }

    /// <summary>Who fetches chunks of limits that other gateways use as well.</summary>
    public Action<QuotaPage>? QuotaAsked { get; set; }

    /// <summary>A clock that never goes back, in ticks of <see cref="TimeSpan"/>.</summary>
    public long Now => _time.GetElapsedTime(0).Ticks;

    public DateTimeOffset UtcNow => _time.GetUtcNow();

    public UtcMonth Month => UtcMonth.Of(UtcNow);

    public ProjectAccount ProjectOf(string id) => _projects.GetOrAdd(id, _open);

    public KeyAccount KeyOf(Caller caller) => caller.Account ?? ProjectOf(caller.Project).KeyOf(caller.Key);

    public Rate RateOf(string model) => _rates.Now(model);

    /// <summary>Takes over what was used before this gateway started.</summary>
    public void Load(UtcMonth month, IEnumerable<Consumed> consumed)
    {
        foreach (var part in consumed)
        {
            var project = ProjectOf(part.Project);
            var key = project.KeyOf(part.Key);
            lock (project.Gate)
            {
                project.TokensOf(part.Model).Use(month, part.Tokens);
                project.VideosOf(part.Model).Use(month, part.VideoUs);
                key.Budget.Use(month, part.Cost.Pico);
            }
        }
    }

    /// <summary>
    /// Counts what a request used, now that its record is durable, and gives back what it held beyond. What will not be billed, because it
    /// cannot be, takes from no limit.
    /// </summary>
    public void Settle(Exchange exchange, UsageRecord record)
    {
        var key = KeyOf(exchange.Caller);
        var counts = record.Source == UsageSource.Engine && BilledAmounts.CanBill(record.Tokens) ? record.Tokens : default;
        var cost = _rates.RateOf(record).CostOf(BilledAmounts.Of(record.Surface, counts));
        var month = UtcMonth.Of(record.EndedAt);
        var tokens = counts.Prompt + counts.Completion;
        lock (key.Project.Gate)
        {
            exchange.Reservation?.ReleaseUnsynchronized(tokens, Now);
            key.Project.TokensOf(record.Model).Use(month, tokens);
            key.Budget.Use(month, cost.Pico);
        }
    }

    private void AskForQuota(QuotaPage page) => QuotaAsked?.Invoke(page);
}
