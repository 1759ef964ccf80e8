using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Projects;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Admission;

/// <summary>
/// Keeps the accounts' limits as the state store has them, and fills in at the start what the month has used already. Nothing is
/// admitted before both are known.
/// </summary>
internal sealed partial class AccountWatch(
    Accounts accounts, IStateStore store, IConsumption consumption, TimeProvider time, ILogger<AccountWatch> logger) : BackgroundService
{
    private static readonly TimeSpan s_retryDelay = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Project> _projects = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _plansKnown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _projectsKnown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private PlanBook _plans = PlanBook.Empty;

    /// <summary>Completes when limits and what was used of them are known.</summary>
    public Task Ready => field ??= Task.WhenAll(_loaded.Task, _plansKnown.Task, _projectsKnown.Task);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        LoadAsync(stoppingToken),
        WatchAsync(PlanBook.StateKey, TakePlans, _plansKnown, stoppingToken),
        WatchAsync(Project.StatePrefix, TakeProject, _projectsKnown, stoppingToken));

    private async Task LoadAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                var month = accounts.Month;
                var before = await consumption.ReadAsync(month.Before, stoppingToken);
                var current = await consumption.ReadAsync(month, stoppingToken);
                accounts.Load(month.Before, before);
                accounts.Load(month, current);
                _loaded.SetResult();
                return;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogNotLoaded(e);
            }
            await Task.Delay(s_retryDelay, time, stoppingToken);
        }
    }

    private async Task WatchAsync(string prefix, Action<StateChange> take, TaskCompletionSource known, CancellationToken stoppingToken)
    {
        await foreach (var change in store.WatchAsync(prefix, stoppingToken))
        {
            if (change.IsCaughtUp)
            {
                known.TrySetResult();
                continue;
            }
            try
            {
                lock (_lock)
                {
                    take(change);
                }
            }
            catch (JsonException e)
            {
                // What was known before stays in force.
                LogUnreadable(e, change.Key);
            }
        }
    }

    private void TakePlans(StateChange change)
    {
        if (change.Key != PlanBook.StateKey)
        {
            return;
        }
        _plans = change.Entry?.Read<PlanBook>() ?? PlanBook.Empty;
        foreach (var project in _projects.Values)
        {
            Apply(project);
        }
    }

    private void TakeProject(StateChange change)
    {
        if (change.Entry is null)
        {
            // Podvirt deletes none. Where somebody did, its limits stay until the next start.
            return;
        }
        var project = change.Entry.Read<Project>();
        _projects[project.Id] = project;
        Apply(project);
    }

    private void Apply(Project project) => accounts.ProjectOf(project.Id).Set(_plans.Find(project.Plan), project.ArchivedAt is not null, accounts.Now);

    [LoggerMessage(1002, LogLevel.Error, "What this month has used cannot be read; it is tried again, and requests wait for it.")]
    private partial void LogNotLoaded(Exception exception);

    [LoggerMessage(1003, LogLevel.Error, "What stands under '{StateKey}' cannot be read; what was known before stays in force.")]
    private partial void LogUnreadable(Exception exception, string stateKey);
}
