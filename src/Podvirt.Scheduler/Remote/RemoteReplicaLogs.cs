using System.Text;
using Podvirt.Core.Messages;

namespace Podvirt.Scheduler.Remote;

/// <summary>Engines' logs, asked of the scheduler that leads. While none answers there are none.</summary>
internal sealed class RemoteReplicaLogs(LogCalls calls) : IReplicaLogs
{
    public async ValueTask<string?> ReadTailAsync(string modelId, int lines, CancellationToken cancellationToken) =>
        TextOf(await calls.AskAsync(id => new LogQuery(id, modelId, "", 0, lines, Follows: false), cancellationToken));

    public async ValueTask<string?> ReadReplicaTailAsync(string replicaId, int lines, CancellationToken cancellationToken) =>
        TextOf(await calls.AskAsync(id => new LogQuery(id, "", replicaId, 0, lines, Follows: false), cancellationToken));

    public async ValueTask<LogPart> ReadOnAsync(string modelId, LogPart? after, int lines, CancellationToken cancellationToken)
    {
        var answer = await calls.AskAsync(
            id => new LogQuery(id, modelId, after?.Replica ?? "", after?.End ?? 0, lines, Follows: true), cancellationToken);
        return answer is null ? after is null ? new LogPart("", 0, default) : after with { Text = default } : new LogPart(answer.Replica, answer.End, answer.Text);
    }

    private static string? TextOf(LogQueryAnswer? answer) => answer is { Found: true } ? Encoding.UTF8.GetString(answer.Text.Span) : null;
}
