using System.Collections.Concurrent;
using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler;

namespace Podvirt.Fleet;

/// <summary>The last lines of the engines of failed models: read once for each failure, not once for each list.</summary>
internal sealed class FailureLogs(IReplicaLogs logs)
{
    /// <summary>A traceback's end with the error in it.</summary>
    private const int Lines = 20;

    private readonly ConcurrentDictionary<string, (ModelFailure Failure, IReadOnlyList<string> Tail)> _tails = new(StringComparer.Ordinal);

    public async Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> ReadAsync(RouteTable routes, CancellationToken cancellationToken)
    {
        var tails = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var route in routes.Models)
        {
            if (route is not { Status: ModelStatus.Failed, Failure: { } failure } || failure.Code is "model_unschedulable" or "model_unreachable")
            {
                _tails.TryRemove(route.Model.Id, out _);
                continue;
            }
            if (!_tails.TryGetValue(route.Model.Id, out var kept) || kept.Failure != failure)
            {
                var text = await logs.ReadTailAsync(route.Model.Id, Lines, cancellationToken);
                kept = (failure, string.IsNullOrEmpty(text) ? [] : text.Split('\n'));
                _tails[route.Model.Id] = kept;
            }
            tails[route.Model.Id] = kept.Tail;
        }
        return tails;
    }
}
