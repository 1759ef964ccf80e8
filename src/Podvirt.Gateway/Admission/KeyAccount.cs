using Podvirt.Core.Keys;
using Podvirt.Core.Projects;
using Podvirt.Gateway.Admission.Quotas;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Admission;

/// <summary>One key's limits and what was used of them. What counts is guarded by its project's lock.</summary>
internal sealed class KeyAccount
{
    public const string BudgetName = "budget";

    private long _lastUsed;

    public KeyAccount(ProjectAccount project, string id)
    {
        Project = project;
        Caller = new Caller(project.Id, id) { Account = this };
        var isShared = project.QuotaAsked is not null;
        Requests = new RateBucket { IsChunk = isShared };
        Tokens = new RateBucket { IsChunk = isShared };
        Budget = new MonthMeter { Share = isShared ? new MonthShare() : null };

        // The console's playground has no key, and no limits but its project's.
        Quota = isShared && id.Length > 0
            ? new QuotaPage(
                QuotaRecord.KeyOf(project.Id, id), project.Gate, [(RateBucket.RequestsName, Requests), (RateBucket.TokensName, Tokens)],
                () => [(BudgetName, Budget)], page => project.QuotaAsked!(page))
            : null;
    }

    public ProjectAccount Project { get; }

    public Caller Caller { get; }

    public string Id => Caller.Key;

    /// <summary>Under the project's lock.</summary>
    public RateBucket Requests { get; }

    /// <summary>Under the project's lock.</summary>
    public RateBucket Tokens { get; }

    /// <summary>Picodollars. Under the project's lock.</summary>
    public MonthMeter Budget { get; }

    /// <summary>Its limits as gateways share them; null: all of them are this one's.</summary>
    public QuotaPage? Quota { get; }

    /// <summary>The models that it may call; null: all.</summary>
    public IReadOnlyList<string>? Models { get; private set; }

    /// <summary>UTC ticks; 0: not since this gateway started.</summary>
    public long LastUsedTicks => Volatile.Read(ref _lastUsed);

    public bool Allows(string model) => Models is not { } models || models.Contains(model, StringComparer.Ordinal);

    public void NoteUse(DateTimeOffset now) => Volatile.Write(ref _lastUsed, now.UtcTicks);

    /// <summary>Fetches more of the shared limits of key and project where this gateway's chunks are half used up. Under the project's lock.</summary>
    /// <param name="tokens">The model's.</param>
    public void AskIfLow(MonthMeter tokens, UtcMonth month, long now)
    {
        Quota?.AskIfLow(Budget.IsLowIn(month), now);
        Project.Quota?.AskIfLow(tokens.IsLowIn(month), now);
    }

    /// <summary>Has chunks of shared limits fetched for a request that they were too small for.</summary>
    /// <param name="error">Why it was not admitted; null, and what no chunk helps against, comes back as it is.</param>
    public ApiError? Refilling(ApiError? error) => error is { ShouldRetry: null } && Project.Quota is { } quota
        ? error with { Refill = Task.WhenAll(quota.Ask(), Quota?.Ask() ?? Task.CompletedTask) }
        : error;

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
