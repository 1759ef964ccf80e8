using Podvirt.Core.Projects;

namespace Podvirt.Gateway.Admission;

/// <summary>
/// One project's plan and what was used of it. One lock for it and its keys: a request takes from all of them or from none. Nothing
/// waits under it, and it is held for some hundred nanoseconds.
/// </summary>
internal sealed class ProjectAccount(string id)
{
    private readonly Dictionary<string, KeyAccount> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MonthMeter> _tokens = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MonthMeter> _videos = new(StringComparer.Ordinal);
    private Plan? _plan;
    private volatile bool _isArchived;

    public string Id => id;

    public Lock Gate { get; } = new();

    /// <summary>Under <see cref="Gate"/>.</summary>
    public RateBucket Requests { get; } = new();

    /// <summary>Under <see cref="Gate"/>.</summary>
    public RateBucket Tokens { get; } = new();

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
            _tokens.Add(model, meter = new MonthMeter { Limit = _plan?.TokensPerMonth.Of(model) });
        }
        return meter;
    }

    /// <summary>A model's video of the month, in microseconds. Under <see cref="Gate"/>.</summary>
    public MonthMeter VideosOf(string model)
    {
        if (!_videos.TryGetValue(model, out var meter))
        {
            _videos.Add(model, meter = new MonthMeter { Limit = VideoLimitOf(_plan, model) });
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

    private static Int128? VideoLimitOf(Plan? plan, string model)
    {
        const long UsPerSecond = 1_000_000;
        return plan?.VideoSecondsPerMonth.Of(model) is { } seconds ? (Int128)seconds * UsPerSecond : null;
    }
}
