using Podvirt.Core.Projects;
using Podvirt.Gateway.Admission.Quotas;

namespace Podvirt.Gateway.Admission;

/// <summary>
/// One project's plan and what was used of it. One lock for it and its keys: a request takes from all of them or from none. Nothing
/// waits under it, and it is held for some hundred nanoseconds.
/// </summary>
internal sealed class ProjectAccount
{
    public const string TokensPrefix = "tokens/";
    public const string VideosPrefix = "videos/";

    private readonly Dictionary<string, KeyAccount> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MonthMeter> _tokens = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MonthMeter> _videos = new(StringComparer.Ordinal);
    private Plan? _plan;
    private volatile bool _isArchived;

    /// <param name="id">Its id.</param>
    /// <param name="quotaAsked">Who fetches chunks of limits that other gateways use as well; null: there are none.</param>
    public ProjectAccount(string id, Action<QuotaPage>? quotaAsked = null)
    {
        Id = id;
        QuotaAsked = quotaAsked;
        Requests = new RateBucket { IsChunk = quotaAsked is not null };
        Tokens = new RateBucket { IsChunk = quotaAsked is not null };
        Quota = quotaAsked is null ? null
            : new QuotaPage(QuotaRecord.KeyOf(id), Gate, [(RateBucket.RequestsName, Requests), (RateBucket.TokensName, Tokens)], Meters, quotaAsked);
    }

    public string Id { get; }

    public Action<QuotaPage>? QuotaAsked { get; }

    /// <summary>Its limits as gateways share them; null: all of them are this one's.</summary>
    public QuotaPage? Quota { get; }

    public Lock Gate { get; } = new();

    /// <summary>Under <see cref="Gate"/>.</summary>
    public RateBucket Requests { get; }

    /// <summary>Under <see cref="Gate"/>.</summary>
    public RateBucket Tokens { get; }

    /// <summary>Its keys are refused.</summary>
    public bool IsArchived => _isArchived;

    public KeyAccount KeyOf(string key)
    {
        lock (Gate)
        {
            if (!_keys.TryGetValue(key, out var account))
            {
                _keys.Add(key, account = new KeyAccount(this, key));
            }
            return account;
        }
    }

    /// <summary>A model's tokens of the month. Under <see cref="Gate"/>.</summary>
    public MonthMeter TokensOf(string model)
    {
        if (!_tokens.TryGetValue(model, out var meter))
        {
            _tokens.Add(model, meter = new MonthMeter { Limit = _plan?.TokensPerMonth.Of(model), Share = NewShare() });
        }
        return meter;
    }

    /// <summary>A model's video of the month, in microseconds. Under <see cref="Gate"/>.</summary>
    public MonthMeter VideosOf(string model)
    {
        if (!_videos.TryGetValue(model, out var meter))
        {
            _videos.Add(model, meter = new MonthMeter { Limit = VideoLimitOf(_plan, model), Share = NewShare() });
        }
        return meter;
    }

    /// <param name="plan">Null: without limits.</param>
    /// <param name="isArchived">Whether its keys are refused.</param>
    /// <param name="now">As <see cref="RateBucket.SetLimit"/> takes it.</param>
    public void Set(Plan? plan, bool isArchived, long now)
    {
        lock (Gate)
        {
            _plan = plan;
            _isArchived = isArchived;
            Requests.SetLimit(plan?.RequestsPerMinute, now);
            Tokens.SetLimit(plan?.TokensPerMinute, now);
            foreach (var (model, meter) in _tokens)
            {
                meter.Limit = plan?.TokensPerMonth.Of(model);
            }
            foreach (var (model, meter) in _videos)
            {
                meter.Limit = VideoLimitOf(plan, model);
            }
        }
    }

    private MonthShare? NewShare() => QuotaAsked is null ? null : new MonthShare();

    private IEnumerable<(string Name, MonthMeter Meter)> Meters() =>
        _tokens.Select(meter => (TokensPrefix + meter.Key, meter.Value)).Concat(_videos.Select(meter => (VideosPrefix + meter.Key, meter.Value)));

    private static Int128? VideoLimitOf(Plan? plan, string model)
    {
        const long UsPerSecond = 1_000_000;
        return plan?.VideoSecondsPerMonth.Of(model) is { } seconds ? (Int128)seconds * UsPerSecond : null;
    }
}
