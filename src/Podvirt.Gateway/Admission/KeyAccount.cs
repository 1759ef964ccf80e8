using Podvirt.Core.Keys;

namespace Podvirt.Gateway.Admission;

/// <summary>One key's limits and what was used of them. What counts is guarded by its project's lock.</summary>
internal sealed class KeyAccount
{
    private long _lastUsed;

    public KeyAccount(ProjectAccount project, string id)
    {
        Project = project;
        Caller = new Caller(project.Id, id) { Account = this };
    }

    public ProjectAccount Project { get; }

    public Caller Caller { get; }

    public string Id => Caller.Key;

    /// <summary>Under the project's lock.</summary>
    public RateBucket Requests { get; } = new();

    /// <summary>Under the project's lock.</summary>
    public RateBucket Tokens { get; } = new();

    /// <summary>Picodollars. Under the project's lock.</summary>
    public MonthMeter Budget { get; } = new();

    /// <summary>The models that it may call; null: all.</summary>
    public IReadOnlyList<string>? Models { get; private set; }

    /// <summary>UTC ticks; 0: not since this gateway started.</summary>
    public long LastUsedTicks => Volatile.Read(ref _lastUsed);

    public bool Allows(string model) => Models is not { } models || models.Contains(model, StringComparer.Ordinal);

    public void NoteUse(DateTimeOffset now) => Volatile.Write(ref _lastUsed, now.UtcTicks);

    public void Set(ApiKey key, long now)
    {
        lock (Project.Gate)
        {
            Models = key.Models;
            Requests.SetLimit(key.RequestsPerMinute, now);
            Tokens.SetLimit(key.TokensPerMinute, now);
            Budget.Limit = key.MonthlyBudget is { } usd ? MoneyLimit.ToPico(usd) : null;
        }
    }
}
