using System.Collections.Concurrent;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Scheduling;

/// <summary>Fails a deployment that makes no progress in time.</summary>
internal sealed class DeploymentWatch(NomadState state) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Task> _watched = new();
    private readonly CancellationTokenSource _stopping = new();

    public void OnWritten(NomadWrite write)
    {
        foreach (var deployment in write.Deployments.Where(d => d.Active && !_watched.ContainsKey(d.Id)))
        {
            _watched[deployment.Id] = WatchAsync(deployment);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_watched.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task WatchAsync(DeploymentRecord deployment)
    {
        while (state.Read(_ => Due(deployment)) is { } due)
        {
            var wait = due - DateTimeOffset.UtcNow;
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, _stopping.Token);
                continue;
            }
            state.Write(write =>
            {
                if (Due(deployment) is { } now && now <= DateTimeOffset.UtcNow)
                {
                    Deployments.Finish(write, deployment, "failed", "Failed due to progress deadline");
                    Evaluator.Add(write, deployment.Job, "deployment-watcher");
                }
            });
        }
    }

    /// <summary>Null: it is over.</summary>
    private static DateTimeOffset? Due(DeploymentRecord deployment) => deployment.Active
        ? deployment.Groups.Values.Where(static g => g.Healthy < g.DesiredTotal).Select(static g => (DateTimeOffset?)g.ProgressBy).Min() ?? DateTimeOffset.UtcNow.AddHours(1)
        : null;
}
